// check_network: whether systemd's filter of addresses turns away cameras, senders, clients, the broker or
// servers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

/// Someone beyond this machine.
struct Partner {
  std::string key;   ///< "[[source]] \"porch\" argv"
  std::string host;  ///< an address, a network, a name, or in words
};

/// The host of the first URL in `word`, without brackets and user; empty if there is none, or it is this
/// machine.
std::string host_in_url(std::string_view word);

/// All whom a configuration names: one that a new table brings is a line here.
std::vector<Partner> partners_of(const Config& config);

/// Whether the filter lets all of `host` through; nothing if that cannot be known: a name.
std::optional<bool> lets_through(const std::vector<IpNetwork>& allow, const std::vector<IpNetwork>& deny,
                                 const std::string& host);

Findings network_findings(const std::vector<Partner>& partners, const ServiceUnit& unit);
Findings check_network(const Patient& patient);

}  // namespace earshot
