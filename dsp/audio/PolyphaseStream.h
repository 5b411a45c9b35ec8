// PolyphaseStream: an endless input through a PolyphaseBank, with the past that its filters still need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dsp/audio/PolyphaseBank.h"

namespace earshot {

/// Not thread safe; the bank may be shared.
class PolyphaseStream {
 public:
  /// `max_chunk`: the most samples that one call of append will bring.
  PolyphaseStream(std::shared_ptr<const PolyphaseBank> bank, std::size_t max_chunk);

  /// real-time: takes all of `in` and writes what it makes possible to `out`; how many. Stops at `limit` outputs
  /// since the beginning. `out` must hold `most_outputs(in.size())`.
  std::size_t append(std::span<const float> in, std::span<float> out, std::uint64_t limit = UINT64_MAX) noexcept;
  std::size_t most_outputs(std::size_t inputs) const noexcept;

  /// Forgets everything, for a new stream.
  void reset() noexcept;

  /// Silence behind the end that brings all outputs which lie before it.
  std::size_t tail() const noexcept { return bank_->taps() - bank_->lead(); }

 private:
  std::shared_ptr<const PolyphaseBank> bank_;
  std::vector<float> held_;  // input samples from held_start_ on
  std::size_t held_count_ = 0;
  std::int64_t held_start_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t produced_ = 0;
};

}  // namespace earshot
