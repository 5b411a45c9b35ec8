// EventFile: a TensorBoard event file that a run goes on with where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "dsp/base/ProtoWriter.h"

namespace earshot {

/// length (8 bytes) | its masked CRC-32C (4) | data | its masked CRC-32C (4), all little-endian: what
/// TensorFlow calls a TFRecord.
std::string framed_record(std::string_view data);

/// Not thread safe.
class EventFile {
 public:
  /// Goes on with the newest event file in `directory`, cut off before the first event of `first_step` or
  /// later and before a record that is torn or altered; without one, begins one. The directory is made.
  /// Throws Error(io).
  EventFile(const std::filesystem::path& directory, std::int64_t first_step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// A `tensorflow.Summary` of `step`, kept until write().
  void add(std::int64_t step, const ProtoWriter& summary);

  /// What was added goes to the file, unsynced: a tail that a power cut tears is cut off next time. Throws
  /// Error(io); then the file is what it was.
  void write();

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  std::string pending_;
};

}  // namespace earshot
