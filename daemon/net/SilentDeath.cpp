#include "daemon/net/SilentDeath.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace earshot {

void watch_for_silent_death(int tcp_socket, std::chrono::milliseconds limit) noexcept {
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(tcp_socket, level, option, &value, sizeof value);
  };
  const int probe_s =
      std::max(static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(limit).count() / 4), 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, probe_s);
  set(IPPROTO_TCP, TCP_KEEPINTVL, probe_s);
  // Of what is sent, and of those probes.
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limit.count()));
}

}  // namespace earshot
