// PcmSuspicion: whether what comes as raw PCM looks like something else: a file with a header, another format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/settings/Config.h"

namespace earshot {

/// Looks at the front of one sender's stream. A file is known by the signature that it begins with; floats
/// read as integers, or integers as floats, by what the bytes would be as floats. Whatever sound is sent in
/// the format that was agreed is never suspected: not silence, not noise, not music at any level.
class PcmSuspicion {
 public:
  explicit PcmSuspicion(SampleFormat format) noexcept : format_(format) {}

  /// The stream's next bytes in any cut. What they look like, "a WAV file", the first time that is clear;
  /// empty otherwise. The text is a constant.
  std::string_view look(std::span<const std::byte> bytes) noexcept;

 private:
  std::string_view judge_front() noexcept;
  std::string_view judge_words() noexcept;
  void count(std::uint32_t word) noexcept;

  static constexpr std::size_t kFront = 12;

  SampleFormat format_;
  bool done_ = false;
  std::array<char, kFront> front_{};
  std::size_t front_bytes_ = 0;
  std::uint32_t word_ = 0;  // the last bytes, the first of them lowest
  std::uint64_t bytes_ = 0;
  // Of the words that are not zero, as floats:
  std::uint32_t words_ = 0;
  std::uint32_t wild_ = 0;  // no sound: NaN, infinite, or beyond 2^40
  std::uint32_t positive_ = 0;  // sound: magnitudes of 2^-32 to 2
  std::uint32_t negative_ = 0;
};

}  // namespace earshot
