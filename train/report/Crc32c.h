// Crc32c: the checksum of event files (Castagnoli's polynomial, RFC 3720 B.4).
#pragma once

#include <cstdint>
#include <string_view>

namespace earshot {

std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace earshot
