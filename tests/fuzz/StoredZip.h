// A zip archive whose entries are stored as they are, their checksums right (PKWARE's APPNOTE 6.3, 4.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/crc.hpp>

#include "dsp/base/LittleEndian.h"

namespace earshot::fuzz {

struct ZipEntry {
  std::string_view name;
  std::string_view bytes;
};

inline std::string stored_zip(const std::vector<ZipEntry>& entries) {
  std::string archive;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    boost::crc_32_type crc;
    crc.process_bytes(entry.bytes.data(), entry.bytes.size());
    std::string common;
    append_little_endian(common, std::uint16_t{20});    // version needed
    append_little_endian(common, std::uint32_t{0});     // flags, stored
    append_little_endian(common, std::uint32_t{0x21});  // 1980-01-01
    append_little_endian(common, static_cast<std::uint32_t>(crc.checksum()));
    append_little_endian(common, static_cast<std::uint32_t>(entry.bytes.size()));
    append_little_endian(common, static_cast<std::uint32_t>(entry.bytes.size()));
    append_little_endian(common, static_cast<std::uint16_t>(entry.name.size()));
    append_little_endian(common, std::uint16_t{0});  // nothing extra

    directory += std::string("PK\1\2\24\0", 6) + common;
    directory += std::string(10, '\0');  // no comment, disk 0, no attributes
    append_little_endian(directory, static_cast<std::uint32_t>(archive.size()));
    directory += entry.name;

    archive += std::string("PK\3\4", 4) + common;
    archive += entry.name;
    archive += entry.bytes;
  }
  std::string end("PK\5\6\0\0\0\0", 8);
  append_little_endian(end, static_cast<std::uint16_t>(entries.size()));
  append_little_endian(end, static_cast<std::uint16_t>(entries.size()));
  append_little_endian(end, static_cast<std::uint32_t>(directory.size()));
  append_little_endian(end, static_cast<std::uint32_t>(archive.size()));
  append_little_endian(end, std::uint16_t{0});
  return archive + directory + end;
}

}  // namespace earshot::fuzz
