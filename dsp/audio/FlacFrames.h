// FlacFrames: headers of FLAC frames, found without decoding (RFC 9639, 9.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace earshot {

/// Of the metadata block that every FLAC stream begins with (RFC 9639, 8.2).
struct FlacStreamInfo {
  std::uint32_t least_block = 0;
  std::uint32_t most_frame_bytes = 0;  ///< 0: not told
  std::uint64_t samples = 0;  ///< 0: not told
};

constexpr std::size_t kFlacStreamInfoBytes = 34;
/// `bytes`: kFlacStreamInfoBytes of them.
FlacStreamInfo flac_stream_info(std::string_view bytes) noexcept;

struct FlacFrame {
  std::uint64_t start = 0;    ///< its first sample
  std::uint64_t samples = 0;  ///< how many
};

constexpr std::size_t kMostFlacHeaderBytes = 16;
/// The frame whose header begins `bytes`, if its own checksum is right.
std::optional<FlacFrame> flac_frame_at(std::string_view bytes, const FlacStreamInfo& info) noexcept;

}  // namespace earshot
