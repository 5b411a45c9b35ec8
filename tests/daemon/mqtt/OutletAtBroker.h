// OutletAtBroker: what most tests begin with: a broker, a peer that sees what it is told, and who tells it.
#pragma once

#include <string>

#include "tests/daemon/mqtt/MqttBroker.h"
#include "tests/daemon/mqtt/OutletRig.h"

namespace earshot::test {

/// To be taken apart: auto&& [broker, peer, rig] = OutletAtBroker();
struct OutletAtBroker {
  /// The peer sees `topics` from the first message on; the rest as OutletRig::change().
  explicit OutletAtBroker(const std::string& topics = "#", const std::string& mqtt = OutletRig::kLabels,
                          const std::string& sources = OutletRig::kMic)
      : peer(broker.port(), topics) {
    rig.change(broker.port(), mqtt, sources);
  }

  MqttBroker broker;
  MqttPeer peer;
  OutletRig rig;
};

}  // namespace earshot::test
