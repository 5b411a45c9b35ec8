// Who listens on which TCP port of this machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/net/Address.h"

namespace earshot {

struct ListeningSocket {
  Endpoint at;
  uid_t uid = 0;
  std::uint64_t inode = 0;
};

/// Of the text of /proc/net/tcp or /proc/net/tcp6; lines that make no sense are left out.
std::vector<ListeningSocket> parse_listening(std::string_view table);
/// Those of both.
std::vector<ListeningSocket> listening_sockets();

}  // namespace earshot
