// check_ports: whether earshotd has the ports that it listens on, or who does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/ListeningSockets.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

/// A port of the configuration.
struct WantedPort {
  std::string key;  ///< "[publish.tcp]", "[[source]] \"porch\""
  Endpoint at;
  const DaemonWord* word = nullptr;  ///< of who listens there, where that was asked
};

/// Where an earshotd by this configuration listens. Ports that the system chooses are none.
std::vector<WantedPort> wanted_ports(const Config& config);

struct PortFacts {
  std::vector<ListeningSocket> listening;
  std::function<std::optional<Process>(const ListeningSocket&)> holder;
  bool daemon_runs = false;
  uid_t uid = 0;  ///< earshotd's
};
Findings port_findings(const std::vector<WantedPort>& wanted, const PortFacts& facts);
Findings check_ports(const Patient& patient);

}  // namespace earshot
