#include "train/outliers/OutlierFolder.h"

#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "dsp/base/LittleEndian.h"
#include "train/outliers/Samples.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr double kFullScale = 32'767.0;

// RIFF, linear PCM of one channel and 16 bits (Microsoft and IBM, "Multimedia Programming Interface and Data
// Specifications 1.0", 1991).
std::string wav_of(const Outlier& outlier, float peak) {
  constexpr std::uint32_t kHeaderBytes = 36;
  constexpr std::uint32_t kFormatBytes = 16;
  constexpr std::uint16_t kPcm = 1;
  constexpr std::uint16_t kChannels = 1;
  constexpr std::uint16_t kBits = 16;
  constexpr std::uint16_t kFrameBytes = kChannels * kBits / 8;
  const auto data_bytes = static_cast<std::uint32_t>(outlier.samples.size() * kFrameBytes);
  std::string bytes = "RIFF";
  append_little_endian(bytes, kHeaderBytes + data_bytes);
  bytes += "WAVEfmt ";
  append_little_endian(bytes, kFormatBytes);
  append_little_endian(bytes, kPcm);
  append_little_endian(bytes, kChannels);
  append_little_endian(bytes, std::uint32_t{kOutlierHz});
  append_little_endian(bytes, std::uint32_t{kOutlierHz} * kFrameBytes);
  append_little_endian(bytes, kFrameBytes);
  append_little_endian(bytes, kBits);
  bytes += "data";
  append_little_endian(bytes, data_bytes);
  const double gain = kFullScale * gain_of_db(outlier.peak_dbfs) / static_cast<double>(peak);
  for (const float sample : outlier.samples) {
    const auto number = static_cast<std::int16_t>(std::lround(gain * static_cast<double>(sample)));
    append_little_endian(bytes, static_cast<std::uint16_t>(number));
  }
  return bytes;
}

void make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw Error(ExitCode::io, directory.string() + ": cannot be made: " + error.message());
}

}  // namespace

OutlierFolder::OutlierFolder(fs::path directory)
    : directory_(std::move(directory)), list_("file,family,labels,source,licence\n") {
  std::error_code error;
  const fs::file_status status = fs::status(directory_, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw Error(ExitCode::usage,
                directory_.string() + ": found a file, expected a new or an empty directory");
  }
  if (fs::exists(status) && !fs::is_empty(directory_)) {
    throw Error(ExitCode::usage, directory_.string() +
                                     ": found a directory that is not empty, expected a new or an empty one");
  }
  make_directory(directory_);
}

void OutlierFolder::add(const std::string& family, const Outlier& outlier) {
  const std::string file = family + '/' + outlier.name + ".wav";
  const float peak = peak_of(outlier.samples);
  if (!(peak > 0.0F && std::isfinite(peak)) || outlier.samples.size() != kOutlierSamples) {
    throw Error(ExitCode::software,
                fmt::format("{}: found {} samples with a peak of {}, expected {} that are not silent", file,
                            outlier.samples.size(), peak, kOutlierSamples));
  }
  make_directory(directory_ / family);
  const std::string wav = wav_of(outlier, peak);
  write_file_unsynced(directory_ / file, {wav.data(), wav.size()});
  list_ += fmt::format("{},{},{},{},{}\n", csv_field(file), csv_field(family),
                       csv_field(fmt::format("{}", fmt::join(outlier.labels, ";"))),
                       csv_field(outlier.source), csv_field(outlier.licence));
}

void OutlierFolder::finish() const {
  write_file_atomically(directory_ / "outliers.csv", std::string_view(list_));
}

}  // namespace earshot
