// UnixListener: a Unix socket to listen on, and the file that it is found by.
#pragma once

#include <sys/types.h>

#include <string>

#include "daemon/net/SocketAddress.h"

namespace earshot {

/// The file of a socket that this process listens on. Removes it at the end, unless another has taken its
/// place.
class SocketFile {
 public:
  SocketFile() = default;
  /// The file at `path` as it is now.
  explicit SocketFile(std::string path);
  ~SocketFile() { remove(); }
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;

 private:
  void remove() noexcept;

  std::string path_;  ///< empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct UnixListener {
  int socket = -1;  ///< bound, listening, non-blocking, closes itself on exec; the caller closes it
  SocketFile file;
};

/// The owner and the group of the file may connect, nobody else. The file of a socket that nobody listens on
/// any more is replaced. Throws Error(unavailable) naming the path and the reason if somebody does ("Address
/// already in use"), if anything else is there, which stays as it is, or if the file cannot be made.
UnixListener open_unix_listener(const UnixPath& path);

}  // namespace earshot
