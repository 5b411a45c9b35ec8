// ByteReader: little-endian numbers out of bytes that nobody vouches for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dsp/base/Error.h"

namespace earshot {

/// Reads forward; past the end is Error(bad_data) naming `what`. The bytes must outlive it.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, const char* what) : bytes_(bytes), what_(what) {}

  /// `size` 1 to 8 bytes.
  std::uint64_t number(std::size_t size) {
    const std::string_view digits = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8U | static_cast<unsigned char>(digits[i]);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size() - position_) {
      throw Error(ExitCode::bad_data, std::string(what_) + " is cut short: " + std::to_string(size) +
                                          " bytes expected, " + std::to_string(bytes_.size() - position_) +
                                          " found");
    }
    const std::string_view part = bytes_.substr(position_, static_cast<std::size_t>(size));
    position_ += part.size();
    return part;
  }
  void skip(std::uint64_t size) { take(size); }
  std::string_view rest() { return take(left()); }
  std::size_t left() const noexcept { return bytes_.size() - position_; }

 private:
  std::string_view bytes_;
  const char* what_;
  std::size_t position_ = 0;
};

}  // namespace earshot
