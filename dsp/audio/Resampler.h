// Resampler: any rate -> the recipe's rate, by libsamplerate's best sinc filter, the same bits whatever the chunking.
// Between rates that have much in common the filter is applied as a PolyphaseBank, at a thirtieth of the cost.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace earshot {

/// Streaming resampler of one channel. At equal rates it hands samples through unchanged. Not thread safe.
class Resampler {
 public:
  static constexpr int kMinRateHz = 1'000;
  static constexpr int kMaxRateHz = 768'000;
  /// Throws Error(config) unless both rates lie in that range and their ratio in 1/256 .. 256.
  Resampler(int from_hz, int to_hz);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  /// Consumes all of `in`; the span it returns holds what became ready and is valid until the next call.
  /// The output does not depend on how the input was cut. Does not allocate for chunks up to `kMaxChunk`.
  static constexpr std::size_t kMaxChunk = 4096;
  std::span<const float> process(std::span<const float> in) noexcept;

  /// The stream has ended: what was still inside, so that in all ceil(n_in to / from) samples came out.
  std::span<const float> finish() noexcept;

  /// Forgets everything, for a new stream.
  void reset() noexcept;

  /// Samples that libsamplerate refused, silence in their place, since the last call. None, unless the
  /// library or memory is broken.
  std::uint64_t take_failed_samples() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// libsamplerate's: straight lines between the samples, a sample late, which keep mirror images and dull the
/// highest octave, in little time; or a sinc filter, 97 dB down, the band ending at 90 % of the lower rate's
/// half.
enum class ResampleQuality { linear, sinc };

/// Plays `samples` `speed` times as fast (1/256 .. 256, any number) at the same rate: ceil(n / speed)
/// samples. For augmentation, where the Resampler's filter would take too long.
std::vector<float> resample_by(std::span<const float> samples, double speed, ResampleQuality quality);

/// A whole clip at once, through the same code: ceil(n to / from) samples.
std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz);

}  // namespace earshot
