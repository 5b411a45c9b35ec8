#include "daemon/net/UnixListener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr mode_t kMode = 0660;

/// Of this call alone; -1 as ::socket gives it.
class Descriptor {
 public:
  Descriptor() : number_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

[[noreturn]] void refuse(const UnixPath& path, const std::string& reason) {
  throw Error(ExitCode::unavailable, "cannot listen on " + path.text() + ": " + reason);
}

std::string last_reason() {
  return std::generic_category().message(errno);
}

bool bind_to(int socket, const UnixPath& path) {
  const sockaddr_un address = path.sockaddr();
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Removes what a daemon left that was killed, and nothing else.
void remove_stale(const UnixPath& path) {
  struct stat status {};
  if (::lstat(path.path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    refuse(path, last_reason());
  }
  if (!S_ISSOCK(status.st_mode))
    refuse(path, "found a file there that is no socket, expected none or an unused socket's");
  const Descriptor probe;
  const sockaddr_un address = path.sockaddr();
  if (::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN) {
    refuse(path, std::generic_category().message(EADDRINUSE));
  }
  if (errno != ECONNREFUSED)
    refuse(path, "found a socket there, and whether it is in use is unknown: " + last_reason());
  if (::unlink(path.path.c_str()) != 0)
    refuse(path, "found a socket there that nobody uses: " + last_reason());
}

}  // namespace

SocketFile::SocketFile(std::string path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  path_ = std::move(path);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void SocketFile::remove() noexcept {
  if (path_.empty()) return;
  struct stat status {};
  const bool ours =
      ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
  if (ours) ::unlink(path_.c_str());
  path_.clear();
}

UnixListener open_unix_listener(const UnixPath& path) {
  Descriptor socket;
  // The mode before bind() is the file's most, whatever the umask; after it the umask's part is given back.
  if (socket.number() < 0 || ::fchmod(socket.number(), kMode) != 0) refuse(path, last_reason());
  if (!bind_to(socket.number(), path)) {
    if (errno != EADDRINUSE) refuse(path, last_reason());
    remove_stale(path);
    if (!bind_to(socket.number(), path)) refuse(path, last_reason());
  }
  SocketFile file(path.path);
  if (::chmod(path.path.c_str(), kMode) != 0 || ::listen(socket.number(), SOMAXCONN) != 0)
    refuse(path, last_reason());
  return {socket.release(), std::move(file)};
}

}  // namespace earshot
