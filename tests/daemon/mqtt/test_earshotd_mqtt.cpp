// earshotd and a real broker: how it says goodbye.
#include <signal.h>

#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/mqtt/MqttBroker.h"
#include "tests/daemon/mqtt/MqttRelay.h"

namespace earshot::test {

TEST_CASE("earshotd stops in time whether or not its goodbye is confirmed, and is offline for all") {
  if (skip_without_mosquitto()) return;
  for (const bool is_confirmed : {true, false}) {
    MqttBroker broker;
    MqttRelay relay(broker.port());
    MqttPeer peer(broker.port(), "earshot/attic/status");
    const TemporaryDirectory state;
    Daemon daemon(
        "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n[events]\n"
        "[publish.mqtt]\ntopic = \"earshot/attic\"\nbroker = \"mqtt://127.0.0.1:" +
            std::to_string(relay.port()) + "\"\n",
        {"XDG_STATE_HOME=" + state.path().string()});
    peer.await("earshot/attic/status", "online");
    relay.lose_answers(!is_confirmed);
    const auto begun = std::chrono::steady_clock::now();
    daemon.child().send_signal(SIGTERM);
    CHECK(daemon.child().wait() == 0);
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
    peer.await("earshot/attic/status", "offline");
    if (!is_confirmed) peer.await("earshot/attic/status", "offline");  // the last will
    MqttPeer later(broker.port(), "earshot/attic/status");
    CHECK(later.await("earshot/attic/status").payload == "offline");
  }
}

}  // namespace earshot::test
