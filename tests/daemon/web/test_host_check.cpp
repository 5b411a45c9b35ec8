// HostCheck: names that may have led a request here, and names that a foreign page would use.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/web/HostCheck.h"

namespace earshot::test {

TEST_CASE(
    "a Host is ours if it is localhost, loopback, the address that is listened on, or the one that was "
    "reached") {
  const Endpoint listen{"0.0.0.0", 7580};
  const IpAddress local = parse_ip("192.168.1.5").value();
  for (const std::string host :
       {"localhost", "LOCALHOST:7580", "localhost.", "127.0.0.1", "127.0.0.1:9000", "127.8.8.8", "[::1]",
        "[::1]:7580", "192.168.1.5:7580", "192.168.1.5", "0.0.0.0:7580"}) {
    INFO(host);
    CHECK(is_own_host(host, listen, local));
  }
  for (const std::string host :
       {"evil.example", "evil.example:7580", "192.168.1.6", "localhost.evil.example", "", ":7580",
        "127.0.0.1.evil.example", "localhost:", "localhost:99999", "[::1", "a b", "::1"}) {
    INFO(host);
    CHECK_FALSE(is_own_host(host, listen, local));
  }
}

TEST_CASE("a Host is ours by the address that the connection came to, also of IPv6") {
  const Endpoint listen{"::", 7580};
  CHECK(is_own_host("[fd00::5]:7580", listen, parse_ip("fd00::5").value()));
  CHECK_FALSE(is_own_host("[fd00::6]:7580", listen, parse_ip("fd00::5").value()));
}

}  // namespace earshot::test
