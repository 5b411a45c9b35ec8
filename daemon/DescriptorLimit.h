// DescriptorLimit: as many open sockets as the configuration asks for.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "daemon/log/Logging.h"

namespace earshot {

/// Raises the soft limit of descriptors, usually 1024, where `clients` and `sources` may need more; never
/// beyond what the hard limit allows, and says so.
inline void raise_descriptor_limit(std::size_t clients, bool tls, std::size_t sources) {
  constexpr std::size_t kSourceDescriptors = 8;   // sockets, timers, pipes
  constexpr std::size_t kOtherDescriptors = 200;  // also of clients that are being turned away
  const std::size_t client_descriptors = tls ? 3 : 1;
  const std::size_t wanted = clients * client_descriptors + sources * kSourceDescriptors + kOtherDescriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    log_warning("max_clients = {} may need {} open files, and the limit cannot be raised: {}", clients,
                wanted, std::generic_category().message(errno));
  } else if (limit.rlim_max < wanted) {
    log_warning(
        "max_clients = {} may need {} open files, the hard limit allows {} (LimitNOFILE=, ulimit -Hn)",
        clients, wanted, limit.rlim_max);
  }
}

}  // namespace earshot
