// ZipArchive: the entries of a zip archive that is in memory. The only door to libzip.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct zip;

namespace earshot {

/// Every failure is Error(bad_data), without the archive's own name.
class ZipArchive {
 public:
  /// `bytes` must outlive it.
  explicit ZipArchive(std::string_view bytes);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  bool contains(const std::string& entry) const;
  /// Stored or deflated, its checksum checked. Refuses an entry that says it has, or turns out to have, more
  /// than `most_bytes` before memory for them is taken.
  std::string read(const std::string& entry, std::uint64_t most_bytes) const;

 private:
  zip* archive_ = nullptr;
};

}  // namespace earshot
