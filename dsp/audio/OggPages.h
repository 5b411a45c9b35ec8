// OggPages: one page after another, each checked (RFC 3533, 6).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dsp/audio/FileBytes.h"

namespace earshot {

struct OggPage {
  std::uint64_t offset = 0;
  std::uint64_t header_bytes = 0;
  std::uint64_t body_bytes = 0;
  bool continues_packet = false;
  bool begins_stream = false;
  bool ends_stream = false;
  std::int64_t granule = -1;  ///< of the last packet that ends here; -1 if none does
  std::uint32_t serial = 0;
  std::uint32_t sequence = 0;
  unsigned packets = 0;            ///< that end here
  std::uint64_t first_bytes = 0;   ///< up to the end of the first packet that ends here, else body_bytes

  std::uint64_t end() const noexcept { return offset + header_bytes + body_bytes; }
};

/// The page that begins at `offset`, if a whole one of right checksum does.
std::optional<OggPage> ogg_page_at(ByteWindow& window, std::uint64_t offset);

/// Writes the right checksum into the page that begins `page`, `bytes` long.
void set_ogg_checksum(std::string& page, std::size_t bytes);

}  // namespace earshot
