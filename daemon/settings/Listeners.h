// Listeners: the addresses that a configuration listens on, each once.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/net/SocketAddress.h"
#include "dsp/base/StrictToml.h"

namespace earshot {

/// Finds two that collide before one of them fails to start.
class Listeners {
 public:
  /// Throws Error(config) naming the other one, if `address`, of `table`'s key 'listen', collides with it.
  void add(const StrictToml& table, const SocketAddress& address);

 private:
  std::vector<std::pair<std::string, SocketAddress>> taken_;
};

/// Key 'allow': who may connect from other machines. Throws Error(config).
std::vector<IpNetwork> read_allow(StrictToml& table);

/// `allow`, or with TLS, where a token is asked for, everybody if that says nothing.
std::vector<IpNetwork> admitted_by(const std::vector<IpNetwork>& allow, bool tls);

/// `text`, of the key 'listen'; `form` is how it is written. Throws Error(config) if it is none, or beyond
/// loopback with nobody allowed.
Endpoint read_endpoint(const StrictToml& table, const std::string& text, const std::string& form,
                       const std::vector<IpNetwork>& allow);

}  // namespace earshot
