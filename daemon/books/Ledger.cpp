#include "daemon/books/Ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr mode_t kMode = 0640;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& doing) {
  throw Error(ExitCode::io,
              path.string() + ": cannot " + doing + ": " + std::generic_category().message(errno));
}

int open_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (descriptor < 0) fail(path, "write");
  return descriptor;
}

void write_at(int descriptor, off_t place, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), place);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    place += written;
  }
}

struct stat status_of(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(path, "look at it");
  return status;
}

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

}  // namespace

void Ledger::open(std::string_view first) {
  if (directory_.empty())
    throw Error(ExitCode::io,
                "found no folder in the environment, expected STATE_DIRECTORY, XDG_STATE_HOME or HOME");
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) throw Error(ExitCode::io, directory_.string() + ": cannot make it: " + error.message());
  if (lock_ < 0) {
    int lock = open_file(directory_ / kLedgerLock);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
      close_descriptor(lock);
      throw Error(ExitCode::unavailable, directory_.string() + ": another earshotd keeps its books there");
    }
    lock_ = lock;
  }
  int file = open_file(file_path());
  try {
    end_ = status_of(file, file_path()).st_size;
    char last = '\n';
    if (end_ > 0 && ::pread(file, &last, 1, end_ - 1) != 1) fail(file_path(), "read");
    // A line that was cut off stays by itself.
    const std::string lines = (last == '\n' ? "" : "\n") + std::string(first);
    write_at(file, end_, lines, file_path());
    end_ += static_cast<off_t>(lines.size());
  } catch (const Error&) {
    close_descriptor(file);
    throw;
  }
  file_ = file;
}

void Ledger::write(std::string_view settled, const std::string& present) {
  if (status_of(file_, file_path()).st_nlink == 0) {
    close();
    throw Error(ExitCode::io, file_path().string() + ": somebody has removed it");
  }
  try {
    write_behind_end(std::string(settled) + present);
  } catch (const Error&) {
    write_behind_end(present);
    throw;
  }
  end_ += static_cast<off_t>(settled.size());
}

// Nothing of what stood there stays behind them.
void Ledger::write_behind_end(std::string lines) {
  const off_t before = status_of(file_, file_path()).st_size - end_;
  lines.pop_back();
  if (before > static_cast<off_t>(lines.size()) + 1) lines.resize(static_cast<std::size_t>(before) - 1, ' ');
  write_at(file_, end_, lines + '\n', file_path());
}

void Ledger::turn_page() {
  if (::rename(file_path().c_str(), (directory_ / kOlderLedgerFile).c_str()) != 0)
    fail(file_path(), "rename");
  close_descriptor(file_);
}

void Ledger::close() noexcept {
  close_descriptor(file_);
  close_descriptor(lock_);
}

bool is_ledger_kept(const std::filesystem::path& directory) {
  int lock = ::open((directory / kLedgerLock).c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return false;
  const bool is_free = ::flock(lock, LOCK_SH | LOCK_NB) == 0;
  close_descriptor(lock);
  return !is_free;
}

}  // namespace earshot
