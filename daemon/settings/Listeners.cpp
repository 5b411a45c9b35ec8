#include "daemon/settings/Listeners.h"

#include <optional>
#include <variant>

namespace earshot {

void Listeners::add(const StrictToml& table, const SocketAddress& address) {
  for (const auto& [place, other] : taken_) {
    if (!collide(address, other)) continue;
    const std::string what = std::holds_alternative<Endpoint>(address) ? "port" : "path";
    table.refuse("listen", '"' + to_text(address) + '"',
                 "another " + what + " than that of " + place + " (\"" + to_text(other) + "\")");
  }
  taken_.emplace_back(table.place("listen"), address);
}

std::vector<IpNetwork> read_allow(StrictToml& table) {
  std::vector<IpNetwork> allow;
  for (const std::string& text : table.texts("allow")) {
    const auto network = parse_network(text);
    if (!network) table.refuse("allow", '"' + text + '"', "addresses or networks like \"192.168.1.0/24\"");
    allow.push_back(*network);
  }
  return allow;
}

std::vector<IpNetwork> admitted_by(const std::vector<IpNetwork>& allow, bool tls) {
  if (tls && allow.empty()) return {IpNetwork{IpAddress{}, 0}};
  return allow;
}

Endpoint read_endpoint(const StrictToml& table, const std::string& text, const std::string& form,
                       const std::vector<IpNetwork>& allow) {
  const auto endpoint = parse_endpoint(text);
  const auto address = endpoint ? listen_address(*endpoint) : std::nullopt;
  if (!address) table.refuse("listen", '"' + text + '"', form);
  if (!address->is_loopback() && allow.empty()) {
    table.refuse(
        "listen", '"' + text + "\" without 'allow'",
        "a loopback address, or allow = [\"192.168.1.0/24\"] with those who may connect, or TLS and a token "
        "(docs/network.md)");
  }
  return *endpoint;
}

}  // namespace earshot
