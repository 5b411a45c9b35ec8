// Whole numbers inside a container's bytes, of either order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace earshot {

enum class ByteOrder { little, big };

/// `bytes` (0 to 8 of them) as a number.
inline std::uint64_t number_of(std::string_view bytes, ByteOrder order) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = order == ByteOrder::big ? i : bytes.size() - 1 - i;
    value = value << 8U | static_cast<unsigned char>(bytes[at]);
  }
  return value;
}

/// `value` over the `count` bytes at `offset`, which must be there.
inline void put_number(std::string& bytes, std::size_t offset, std::size_t count, std::uint64_t value,
                       ByteOrder order) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = order == ByteOrder::little ? i : count - 1 - i;
    bytes[offset + at] = static_cast<char>(static_cast<unsigned char>(value >> (8 * i) & 0xFFU));
  }
}

}  // namespace earshot
