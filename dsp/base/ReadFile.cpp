#include "dsp/base/ReadFile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/Sha256.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

enum class Pipes { refused, read };

class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, const std::string& what, Pipes pipes) : path_(path.string()) {
    // Without O_NONBLOCK a pipe that nobody writes to would be waited for before it can be refused.
    const int waiting = pipes == Pipes::refused ? O_NONBLOCK : 0;
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | waiting);
    struct stat status {};
    std::string why;
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
      why = std::generic_category().message(errno);
    } else if (S_ISDIR(status.st_mode)) {
      why = "is a directory";
    } else if (!S_ISREG(status.st_mode) && pipes == Pipes::refused) {
      why = "is not a file";
    }
    size_ = static_cast<std::uintmax_t>(status.st_size);
    if (why.empty()) return;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw Error(ExitCode::no_input, path_ + ": " + why + ", expected " + what);
  }
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// When it was opened; 0 of a pipe.
  std::uintmax_t size() const noexcept { return size_; }

  /// 0 at the end.
  std::size_t read(char* to, std::size_t most) {
    while (true) {
      const ssize_t got = ::read(descriptor_, to, most);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) {
        throw Error(ExitCode::io, path_ + ": cannot be read: " + std::generic_category().message(errno));
      }
    }
  }

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uintmax_t size_ = 0;
};

std::string read_whole(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what,
                       Pipes pipes) {
  OpenFile file(path, what, pipes);
  const auto refuse_if_beyond = [&](std::uintmax_t size) {
    if (size <= most_bytes) return;
    throw Error(ExitCode::bad_data, path.string() + ": has " + (size == file.size() ? "" : "at least ") +
                                        std::to_string(size) + " bytes, expected " + what + " of at most " +
                                        std::to_string(most_bytes));
  };
  refuse_if_beyond(file.size());
  constexpr std::size_t kBlock = std::size_t{1} << 16U;
  std::string bytes;
  std::size_t used = 0;
  while (true) {
    // One byte beyond what is expected, so that the end is met without another block.
    bytes.resize(std::max<std::size_t>(static_cast<std::size_t>(file.size()) + 1, used + kBlock));
    const std::size_t got = file.read(bytes.data() + used, bytes.size() - used);
    used += got;
    refuse_if_beyond(used);
    if (got == 0) break;
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what) {
  return read_whole(path, most_bytes, what, Pipes::refused);
}

std::string read_file_or_pipe(const std::filesystem::path& path, std::uintmax_t most_bytes,
                              const std::string& what) {
  return read_whole(path, most_bytes, what, Pipes::read);
}

std::string read_text(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what) {
  std::string text = read_file(path, most_bytes, what);
  if (const std::string_view encoding = foreign_encoding(text); !encoding.empty()) {
    throw Error(ExitCode::bad_data,
                path.string() + ": is in " + std::string(encoding) + ", expected " + what + " in UTF-8");
  }
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
  return text;
}

void read_blocks(const std::filesystem::path& path, const std::string& what,
                 const std::function<void(std::string_view block)>& take) {
  OpenFile file(path, what, Pipes::refused);
  std::vector<char> block(std::size_t{1} << 16U);
  while (const std::size_t got = file.read(block.data(), block.size())) take({block.data(), got});
}

std::string sha256_of_file(const std::filesystem::path& path, const std::string& what) {
  Sha256 hash;
  read_blocks(path, what, [&](std::string_view block) { hash.update(block); });
  return hash.hex();
}

}  // namespace earshot
