#include "train/report/EventFile.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <system_error>

#include <spdlog/fmt/fmt.h>
#include <boost/crc.hpp>

#include "dsp/base/ByteReader.h"
#include "dsp/base/Error.h"
#include "dsp/base/LittleEndian.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

// Fields of tensorflow.Event and tensorflow.SourceMetadata.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSourceMetadata = 10 };
enum SourceField { kWriter = 1 };

// A record of ours holds an epoch's histogram of one tensor, a few kilobytes.
constexpr std::uint64_t kLongestRecord = 1U << 24;

[[noreturn]] void fail(const fs::path& path, const char* doing, int error_number) {
  throw Error(ExitCode::io, fmt::format("{}: cannot {}: {}", path.string(), doing,
                                        std::generic_category().message(error_number)));
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// CRC-32C: Castagnoli's polynomial (RFC 3720, B.4), masked as TensorFlow's record_writer.cc does.
std::uint32_t masked_crc(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> sum;
  sum.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t crc = sum.checksum();
  return (crc >> 15 | crc << 17) + 0xA282EAD8U;
}

// The data of the next record, or nothing at the end and where what follows is not a whole one.
std::optional<std::string> next_record(std::istream& file) {
  std::string header(12, '\0');
  if (!file.read(header.data(), 12)) return std::nullopt;
  ByteReader numbers(header, "an event file");
  const std::uint64_t length = numbers.u64();
  if (masked_crc(std::string_view(header).substr(0, 8)) != numbers.u32() ||
      length > kLongestRecord)
    return std::nullopt;
  std::string data(length + 4, '\0');
  if (!file.read(data.data(), static_cast<std::streamsize>(data.size()))) return std::nullopt;
  const std::uint32_t crc = ByteReader(std::string_view(data).substr(length), "an event file").u32();
  data.resize(length);
  if (masked_crc(data) != crc) return std::nullopt;
  return data;
}

// Events are written with their time first, their step second; step 0 may be left out, as protobuf does.
std::int64_t step_of(std::string_view event) {
  constexpr char kStepKey = kStep << 3;
  if (event.size() < 11 || event[9] != kStepKey) return 0;
  std::uint64_t step = 0;
  for (std::size_t i = 10; i < event.size() && i < 20; ++i) {
    const auto byte = static_cast<unsigned char>(event[i]);
    step |= static_cast<std::uint64_t>(byte & 0x7FU) << (7 * (i - 10));
    if (byte < 0x80) break;
  }
  return static_cast<std::int64_t>(step);
}

// How many bytes of the file come before what a run that goes on at `first_step` writes; 0 for a file that
// does not begin as an event file.
std::int64_t size_before(const fs::path& path, std::int64_t first_step) {
  std::ifstream file(path, std::ios::binary);
  std::int64_t size = 0;
  while (const std::optional<std::string> record = next_record(file)) {
    if (size > 0 && step_of(*record) >= first_step) break;
    size = file.tellg();
  }
  return size;
}

std::optional<fs::path> newest_event_file(const fs::path& directory) {
  std::optional<fs::path> newest;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;
    if (!at->path().filename().string().starts_with("events.out.tfevents.")) continue;
    if (!at->is_regular_file(unknown)) continue;
    if (!newest || *newest < at->path()) newest = at->path();
  }
  if (error) throw Error(ExitCode::io, directory.string() + ": cannot be read: " + error.message());
  return newest;
}

fs::path new_name(const fs::path& directory) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {'h', 'o', 's', 't'};
  return directory / fmt::format("events.out.tfevents.{:010}.{}.{}.0", static_cast<long>(now_seconds()),
                                 host.data(), ::getpid());
}

}  // namespace

std::string framed_record(std::string_view data) {
  std::string record;
  append_little_endian(record, static_cast<std::uint64_t>(data.size()));
  append_little_endian(record, masked_crc(record));
  record += data;
  append_little_endian(record, masked_crc(data));
  return record;
}

EventFile::EventFile(const fs::path& directory, std::int64_t first_step) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw Error(ExitCode::io, directory.string() + ": cannot be made: " + error.message());
  path_ = newest_event_file(directory).value_or(new_name(directory));
  size_ = size_before(path_, first_step);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(path_, "write", errno);
  if (::ftruncate(descriptor_, size_) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    fail(path_, "truncate", reason);
  }
  if (size_ > 0) return;
  const ProtoWriter version =
      std::move(ProtoWriter()
                    .number(kWallTime, now_seconds())
                    .text(kFileVersion, "brain.Event:2")
                    .message(kSourceMetadata, ProtoWriter().text(kWriter, "earshot " EARSHOT_VERSION)));
  pending_ = framed_record(version.bytes());
}

EventFile::~EventFile() {
  ::close(descriptor_);
}

void EventFile::add(std::int64_t step, const ProtoWriter& summary) {
  pending_ += framed_record(
      ProtoWriter().number(kWallTime, now_seconds()).integer(kStep, step).message(kSummary, summary).bytes());
}

void EventFile::write() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int reason = errno;
      if (::ftruncate(descriptor_, size_) != 0) fail(path_, "truncate", errno);
      fail(path_, "write", reason);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += static_cast<std::int64_t>(pending_.size());
  pending_.clear();
}

}  // namespace earshot
