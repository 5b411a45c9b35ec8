// HostCheck: whether a request was meant for us, whatever name led its sender here.
#pragma once

#include <string_view>

#include "daemon/net/Address.h"

namespace earshot {

/// A page in somebody's browser can make its own name resolve to our address (DNS rebinding) and would then
/// read ours as its own; the Host that it sends gives it away. `host` is the header's value, with or without
/// a port: ours are localhost, addresses of loopback, `listen` as it is configured, and `local`, the address
/// that the connection came to.
bool is_own_host(std::string_view host, const Endpoint& listen, const IpAddress& local);

}  // namespace earshot
