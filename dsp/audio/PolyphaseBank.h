// PolyphaseBank: a resampling filter between two fixed rates as a bank of shorter ones, one for each place that an
// output sample can have between two input samples (Crochiere and Rabiner 1983, 3.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace earshot {

/// A symmetric low-pass filter as a function of time, cut off at half a sample's rate: what a resampler answers to
/// one sample of 1. Known `per_sample` times a sample, from time 0 on; zero from its end on.
struct SincPrototype {
  int per_sample = 0;
  std::vector<double> values;
};

/// Immutable: any number of threads may use one.
class PolyphaseBank {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20U;

  /// Null if the rates have so little in common that the bank would take more than kMaxBytes.
  static std::unique_ptr<const PolyphaseBank> make(int from_hz, int to_hz, const SincPrototype& prototype);

  /// Output n lies at input position n step() / phases().
  std::uint64_t phases() const noexcept { return phases_; }
  std::uint64_t step() const noexcept { return step_; }
  /// Input samples that four outputs are made of: the one at or before the first one's position, `lead()` before that,
  /// the others behind it.
  std::size_t taps() const noexcept { return taps_; }
  std::size_t lead() const noexcept { return lead_; }
  std::size_t bytes() const noexcept { return filters_.size() * sizeof(float); }

  /// real-time: the outputs from number `first` on -> `out`, each the same bits however many are asked for at once.
  /// `in` begins with the input sample number `in_start` and holds all that outputs_of() says they are made of; what
  /// lies before input 0 must be there as zeros, at negative numbers.
  void convert(std::span<const float> in, std::int64_t in_start, std::uint64_t first,
               std::span<float> out) const noexcept;

  /// Outputs that can be made of the inputs 0 .. n - 1.
  std::uint64_t outputs_of(std::uint64_t n) const noexcept;
  /// The first input sample that the outputs from `n` on are made of, where outputs_of() may end.
  std::int64_t first_input(std::uint64_t n) const noexcept;

 private:
  PolyphaseBank() = default;

  std::uint64_t phases_ = 1;
  std::uint64_t step_ = 1;
  std::size_t taps_ = 0;  // a multiple of the vector's lanes, filled up with zeros on the side of the past
  std::size_t lead_ = 0;
  std::vector<float> filters_;  // phases x taps, in the order of the input; four that follow each other begin alike
};

}  // namespace earshot
