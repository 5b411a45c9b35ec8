// WebOutlet: off until it is asked for, and a reload moves, opens and closes it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/Outlets.h"
#include "daemon/settings/Config.h"
#include "daemon/web/WebOutlet.h"
#include "dsp/base/Error.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/web/Heard.h"
#include "tests/daemon/web/WebClient.h"

namespace earshot::test {
namespace {

Config web_config(const std::string& listen) {
  Config config;
  if (!listen.empty()) config.publish_web = WebSettings{parse_endpoint(listen).value(), {}};
  return config;
}

Config web_config_for_all(std::uint16_t port) {
  Config config = web_config("0.0.0.0:" + std::to_string(port));
  config.publish_web->allow = {parse_network("192.0.2.0/24").value()};
  return config;
}

std::string at_loopback(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

/// An outlet by itself, and as the daemon has it.
class WebRig {
 public:
  WebOutlet& outlet() noexcept { return *outlet_; }
  Outlets in_daemon() {
    std::vector<std::unique_ptr<Outlet>> outlets;
    outlets.push_back(std::move(outlet_));
    return {next_, std::move(outlets)};
  }

  FreePorts ports;

 private:
  Counters counters_;
  UtcClock utc_;
  Pulses pulses_{10, std::chrono::seconds(1)};
  Collector next_;
  std::unique_ptr<WebOutlet> outlet_ = std::make_unique<WebOutlet>(counters_, utc_, pulses_);
};

}  // namespace

TEST_CASE("web: a reload opens, moves and closes it; what was heard before is known") {
  WebRig rig;
  WebOutlet& outlet = rig.outlet();
  const std::uint16_t first = rig.ports.next();
  const std::uint16_t second = rig.ports.next();
  const StreamFacts facts = web_facts();
  outlet.change(web_config(""), facts);
  CHECK_THROWS(get(first, "/metrics"));
  outlet.hear(SourceChange{"mic", SourceState::up, "", {}});

  outlet.change(web_config(at_loopback(first)), facts);
  CHECK(get(first, "/readyz").status == 200);
  CHECK(get(first, "/metrics").has("earshot_source_up{source=\"mic\"} 1\n"));
  outlet.change(web_config(at_loopback(second)), facts);
  CHECK(get(second, "/healthz").body == "ok\n");
  CHECK_THROWS(get(first, "/healthz"));
  // All addresses of the same port: its own door is in the way.
  outlet.change(web_config_for_all(second), facts);
  CHECK(get(second, "/healthz").status == 200);
  outlet.change(web_config(""), facts);
  CHECK_THROWS(get(second, "/healthz"));
}

TEST_CASE("web: an address that cannot be had leaves all as it was") {
  WebRig rig;
  WebOutlet& outlet = rig.outlet();
  const std::uint16_t mine = rig.ports.next();
  const std::uint16_t theirs = rig.ports.next();
  const int taken = open_listener({"127.0.0.1", theirs}, {});
  outlet.change(web_config(at_loopback(mine)), web_facts());
  StreamFacts other = web_facts();
  other.sources = {{"attic", "tcp"}};
  CHECK_THROWS_AS(outlet.change(web_config(at_loopback(theirs)), other), Error);
  CHECK(get(mine, "/readyz").has("porch is starting"));
  outlet.stop(std::chrono::milliseconds(0));
  CHECK_THROWS(get(mine, "/healthz"));
  ::close(taken);
}

TEST_CASE("web: where all addresses of a port cannot be had, the one that made way for them is back") {
  WebRig rig;
  const std::uint16_t port = rig.ports.next();
  const int taken = open_listener({"127.0.0.2", port}, {});
  Outlets outlets = rig.in_daemon();
  outlets.change(web_config(at_loopback(port)), web_facts());
  CHECK_THROWS_AS(outlets.change(web_config_for_all(port), web_facts()), Error);
  CHECK(get(port, "/healthz").status == 200);
  ::close(taken);
}

TEST_CASE("web: an outlet that has neither the new address nor the old one is off, and tries each anew") {
  WebRig rig;
  WebOutlet& outlet = rig.outlet();
  const std::uint16_t port = rig.ports.next();
  const Config before = web_config(at_loopback(port));
  outlet.change(before, web_facts());
  const int second = open_listener({"127.0.0.2", port}, {});
  CHECK_THROWS_AS(outlet.change(web_config_for_all(port), web_facts()), Error);
  const int first = open_listener({"127.0.0.1", port}, {});
  CHECK_THROWS_AS(outlet.change(before, web_facts()), Error);
  ::close(first);
  outlet.change(before, web_facts());
  CHECK(get(port, "/healthz").status == 200);
  ::close(second);
}

}  // namespace earshot::test
