#include "dsp/audio/FlacFrames.h"

#include <bit>

#include <boost/crc.hpp>

#include "dsp/audio/ContainerNumbers.h"

namespace earshot {

FlacStreamInfo flac_stream_info(std::string_view bytes) noexcept {
  const std::uint64_t packed = number_of(bytes.substr(10, 8), ByteOrder::big);
  return {.least_block = static_cast<std::uint32_t>(number_of(bytes.substr(0, 2), ByteOrder::big)),
          .most_frame_bytes = static_cast<std::uint32_t>(number_of(bytes.substr(7, 3), ByteOrder::big)),
          .samples = packed & 0xF'FFFF'FFFFU};
}

std::optional<FlacFrame> flac_frame_at(std::string_view bytes, const FlacStreamInfo& info) noexcept {
  const auto byte = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 6 || byte(0) != 0xFF || (byte(1) & 0xFEU) != 0xF8) return std::nullopt;
  const bool variable = (byte(1) & 1U) != 0;
  const unsigned block_code = byte(2) >> 4U;
  const unsigned rate_code = byte(2) & 15U;
  if (block_code == 0 || rate_code == 15 || (byte(3) >> 4U) > 10 || (byte(3) & 1U) != 0) return std::nullopt;
  // The number is coded as UTF-8 codes characters, up to 36 bits.
  const int ones = std::countl_one(byte(4));
  const std::size_t number_bytes = ones == 0 ? 1 : static_cast<std::size_t>(ones);
  if (ones == 1 || ones == 8) return std::nullopt;
  const std::size_t block_bytes = block_code == 6 ? 1 : block_code == 7 ? 2 : 0;
  const std::size_t rate_bytes = rate_code == 12 ? 1 : rate_code > 12 ? 2 : 0;
  const std::size_t checksum_at = 4 + number_bytes + block_bytes + rate_bytes;
  if (bytes.size() <= checksum_at) return std::nullopt;
  boost::crc_optimal<8, 0x07, 0, 0, false, false> checksum;
  checksum.process_bytes(bytes.data(), checksum_at);
  if (checksum.checksum() != byte(checksum_at)) return std::nullopt;

  std::uint64_t number = ones == 0 ? byte(4) : byte(4) & (0x7FU >> static_cast<unsigned>(ones));
  for (std::size_t i = 1; i < number_bytes; ++i) number = number << 6U | (byte(4 + i) & 0x3FU);
  FlacFrame frame;
  const std::uint64_t block = number_of(bytes.substr(4 + number_bytes, block_bytes), ByteOrder::big);
  frame.samples = block_code == 1   ? 192
                  : block_code <= 5 ? std::uint64_t{576} << (block_code - 2)
                  : block_code >= 8 ? std::uint64_t{256} << (block_code - 8)
                                    : block + 1;
  frame.start = variable ? number : number * info.least_block;
  return frame;
}

}  // namespace earshot
