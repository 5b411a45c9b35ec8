// LittleEndian: whole numbers as little-endian bytes at the end of a string.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

namespace earshot {

/// All bytes of `number`, the lowest first.
void append_little_endian(std::string& bytes, std::unsigned_integral auto number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    bytes += static_cast<char>(static_cast<unsigned char>(number >> (8 * i) & 0xFFU));
  }
}

}  // namespace earshot
