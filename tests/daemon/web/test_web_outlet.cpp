// WebOutlet: off until it is asked for, and a reload moves, opens and closes it.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/settings/Config.h"
#include "daemon/web/WebOutlet.h"
#include "dsp/base/Error.h"
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

}  // namespace

TEST_CASE("web: a reload opens, moves and closes it; what was heard before is known") {
  Counters counters;
  UtcClock utc;
  Pulses pulses(10, std::chrono::seconds(1));
  WebOutlet outlet(counters, utc, pulses);
  FreePorts ports;
  const std::uint16_t first = ports.next();
  const std::uint16_t second = ports.next();
  const auto at = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  const StreamFacts facts = web_facts();
  outlet.change(web_config(""), facts);
  CHECK_THROWS(get(first, "/metrics"));
  outlet.hear(SourceChange{"mic", SourceState::up, "", {}});

  outlet.change(web_config(at(first)), facts);
  CHECK(get(first, "/readyz").status == 200);
  CHECK(get(first, "/metrics").has("earshot_source_up{source=\"mic\"} 1\n"));
  outlet.change(web_config(at(second)), facts);
  CHECK(get(second, "/healthz").body == "ok\n");
  CHECK_THROWS(get(first, "/healthz"));
  // All addresses of the same port: its own door is in the way.
  Config wider = web_config("0.0.0.0:" + std::to_string(second));
  wider.publish_web->allow = {parse_network("192.0.2.0/24").value()};
  outlet.change(wider, facts);
  CHECK(get(second, "/healthz").status == 200);
  outlet.change(web_config(""), facts);
  CHECK_THROWS(get(second, "/healthz"));
}

TEST_CASE("web: an address that cannot be had leaves all as it was") {
  Counters counters;
  UtcClock utc;
  Pulses pulses(10, std::chrono::seconds(1));
  WebOutlet outlet(counters, utc, pulses);
  FreePorts ports;
  const std::uint16_t mine = ports.next();
  const std::uint16_t theirs = ports.next();
  const int taken = open_listener({"127.0.0.1", theirs}, {});
  outlet.change(web_config("127.0.0.1:" + std::to_string(mine)), web_facts());
  StreamFacts other = web_facts();
  other.sources = {{"attic", "tcp"}};
  CHECK_THROWS_AS(outlet.change(web_config("127.0.0.1:" + std::to_string(theirs)), other), Error);
  CHECK(get(mine, "/readyz").has("porch is starting"));
  outlet.stop(std::chrono::milliseconds(0));
  CHECK_THROWS(get(mine, "/healthz"));
  ::close(taken);
}

}  // namespace earshot::test
