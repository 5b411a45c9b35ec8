#include "nn/exchange/ZipArchive.h"

#include <zip.h>

#include <memory>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

[[noreturn]] void refuse(const std::string& entry, const std::string& why) {
  throw Error(ExitCode::bad_data, "zip: '" + entry + "': " + why);
}

std::string text_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source) archive_ = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (!archive_) {
    if (source) zip_source_free(source);
    throw Error(ExitCode::bad_data, "is a damaged or truncated zip archive: " + text_of(error));
  }
  zip_error_fini(&error);
}

ZipArchive::~ZipArchive() {
  zip_discard(archive_);
}

bool ZipArchive::contains(const std::string& entry) const {
  return zip_name_locate(archive_, entry.c_str(), 0) >= 0;
}

std::string ZipArchive::read(const std::string& entry, std::uint64_t most_bytes) const {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat(archive_, entry.c_str(), 0, &stat) != 0) refuse(entry, "is missing");
  if ((stat.valid & ZIP_STAT_SIZE) == 0) refuse(entry, "does not tell its size");
  if (stat.size > most_bytes) {
    refuse(entry, "has " + std::to_string(stat.size) + " bytes when unpacked, expected at most " +
                      std::to_string(most_bytes));
  }
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen(archive_, entry.c_str(), 0),
                                                               zip_fclose);
  if (!file) refuse(entry, zip_strerror(archive_));

  // A size that is a lie costs no memory: it grows with what is really there.
  constexpr std::uint64_t kChunk = std::uint64_t{1} << 20U;
  std::string bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const zip_int64_t count = zip_fread(file.get(), bytes.data() + before, kChunk);
    if (count < 0) refuse(entry, zip_file_strerror(file.get()));
    bytes.resize(before + static_cast<std::size_t>(count));
    if (bytes.size() > stat.size) {
      refuse(entry, "unpacks to more than the " + std::to_string(stat.size) + " bytes that it says");
    }
    if (count == 0) break;
  }
  if (bytes.size() != stat.size) {
    refuse(entry,
           "unpacks to " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(stat.size));
  }
  return bytes;
}

}  // namespace earshot
