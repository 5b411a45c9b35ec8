// SocketAddress: where the stream is served and read: a TCP endpoint, or a Unix socket of this machine.
#pragma once

#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/net/Address.h"

namespace earshot {

/// The file of a Unix socket: an absolute path that a sockaddr_un can hold.
struct UnixPath {
  std::string path;

  /// "unix:/run/earshot/earshot.sock".
  std::string text() const { return "unix:" + path; }
  sockaddr_un sockaddr() const noexcept;
  bool operator==(const UnixPath&) const = default;
};

using SocketAddress = std::variant<Endpoint, UnixPath>;

std::string to_text(const SocketAddress& address);

/// As to_text() writes it; nothing for anything else.
std::optional<SocketAddress> parse_socket_address(std::string_view text);

/// Whether one machine cannot listen on both: endpoints that collide, or one path.
bool collide(const SocketAddress& a, const SocketAddress& b);

}  // namespace earshot
