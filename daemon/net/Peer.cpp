#include "daemon/net/Peer.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace earshot {
namespace {

IpAddress mapped(const in_addr& v4) {
  IpAddress address;
  address.bytes[10] = address.bytes[11] = 0xFF;
  std::memcpy(address.bytes.data() + 12, &v4, 4);
  return address;
}

std::optional<Peer> local_peer(int socket) {
  ucred process{};
  socklen_t size = sizeof process;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0) return std::nullopt;
  const std::string user = "user " + std::to_string(process.uid);
  return Peer{.address = mapped({htonl(INADDR_LOOPBACK)}),
              .user = process.uid,
              .name = user,
              .text = "process " + std::to_string(process.pid) + " of " + user};
}

// Without the scope of a link: `allow` has none.
IpAddress address_of(const sockaddr_in6& v6) {
  IpAddress address;
  std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
  return address;
}

// Of an IPv6 socket.
IpAddress own_address(int socket) {
  sockaddr_in6 own{};
  socklen_t size = sizeof own;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size);
  return address_of(own);
}

}  // namespace

std::optional<Peer> peer_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  if (storage.ss_family == AF_UNIX) return local_peer(socket);
  Peer peer;
  std::uint16_t port = 0;
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    peer.address = mapped(v4.sin_addr);
    port = ntohs(v4.sin_port);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    peer.address = address_of(v6);
    port = ntohs(v6.sin6_port);
    peer.is_neighbour = !peer.address.is_v4() && peer.address.network() == own_address(socket).network();
  }
  peer.name = peer.address.text();
  peer.text = Endpoint{peer.name, port}.text();
  return peer;
}

}  // namespace earshot
