#include "dsp/base/AtomicFile.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr const char* kSuffix = ".tmp";  // and the thread's number: two of one process may write the same file

[[noreturn]] void fail(const std::filesystem::path& path, const char* doing, int error_number) {
  throw Error(ExitCode::io,
              path.string() + ": cannot " + doing + ": " + std::generic_category().message(error_number));
}

// Closes and removes what was begun unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : path_(target.string() + kSuffix + std::to_string(::gettid())),
        descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail(target, "write", errno);
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const char> bytes, const std::filesystem::path& target) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(target, "write", errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void sync(const std::filesystem::path& target) {
    if (::fsync(descriptor_) != 0) fail(target, "sync", errno);
  }

  void become(const std::filesystem::path& target) {
    const int closed = ::close(std::exchange(descriptor_, -1));
    if (closed != 0) fail(target, "close", errno);
    if (::rename(path_.c_str(), target.c_str()) != 0) fail(target, "rename to", errno);
    path_.clear();
  }

 private:
  std::string path_;
  int descriptor_;
};

void sync_directory(const std::filesystem::path& directory) {
  const int descriptor =
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // the rename stands; only its durability over a power cut is in doubt
  ::fsync(descriptor);
  ::close(descriptor);
}

// A pipe or a device is written to, not replaced.
bool is_stream(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
         !std::filesystem::is_directory(status);
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::span<const char> bytes) {
  if (is_stream(path)) {
    std::ofstream stream(path, std::ios::binary);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!stream.flush()) fail(path, "write", errno);
    return;
  }
  TemporaryFile file(path);
  file.write(bytes, path);
  file.sync(path);
  file.become(path);
  sync_directory(path.parent_path());
}

void write_file_unsynced(const std::filesystem::path& path, std::span<const char> bytes) {
  TemporaryFile file(path);
  file.write(bytes, path);
  file.become(path);
}

void remove_unfinished(const std::filesystem::path& path) noexcept {
  const std::string prefix = path.filename().string() + kSuffix;
  std::error_code ignored;
  const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::vector<std::filesystem::path> found;
  for (auto entry = std::filesystem::directory_iterator(directory, ignored);
       entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    if (name.find_first_not_of("0123456789", prefix.size()) == name.npos) found.push_back(entry->path());
  }
  for (const std::filesystem::path& file : found) std::filesystem::remove(file, ignored);
}

}  // namespace earshot
