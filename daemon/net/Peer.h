// Peer: who is at the other end of a connection that was accepted.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daemon/net/Address.h"

namespace earshot {

struct Peer {
  IpAddress address;          ///< over a Unix socket 127.0.0.1: this machine
  std::optional<uid_t> user;  ///< over a Unix socket
  std::string name;           ///< "192.168.1.7", "user 1000"
  std::string text;           ///< "192.168.1.7:40312", "process 812 of user 1000"
  /// By IPv6, and in the network of 64 bits in which it has reached this machine: at home all are.
  bool is_neighbour = false;
};

/// Nothing if it is gone already.
std::optional<Peer> peer_of(int socket);

}  // namespace earshot
