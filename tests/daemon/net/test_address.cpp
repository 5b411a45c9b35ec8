// Addresses as users write them, and who may connect.
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/Address.h"
#include "dsp/base/Error.h"

namespace earshot::test {
namespace {

IpAddress ip(const char* text) {
  return parse_ip(text).value();
}
IpNetwork network(const char* text) {
  return parse_network(text).value();
}

}  // namespace

TEST_CASE("an endpoint is a host and a port, an IPv6 host in brackets") {
  CHECK(parse_endpoint("127.0.0.1:7557") == Endpoint{"127.0.0.1", 7557});
  CHECK(parse_endpoint("[::1]:0") == Endpoint{"::1", 0});
  CHECK(parse_endpoint("porch.local:65535") == Endpoint{"porch.local", 65535});
  for (const char* wrong :
       {"", ":", ":7557", "localhost", "localhost:", "localhost:65536", "localhost:-1", "localhost:+1",
        "localhost:80x", "localhost: 80", "::1:7557", "[::1]", "[::1", "[localhost]:80", "[]:80"}) {
    INFO(wrong);
    CHECK_FALSE(parse_endpoint(wrong));
  }
  CHECK(Endpoint{"::1", 7557}.text() == "[::1]:7557");
  CHECK(Endpoint{"10.0.0.1", 1}.text() == "10.0.0.1:1");
}

TEST_CASE("an address is read in either family and knows loopback") {
  CHECK(ip("192.168.1.7").text() == "192.168.1.7");
  CHECK(ip("::ffff:192.168.1.7") == ip("192.168.1.7"));
  CHECK(ip("fe80::1").text() == "fe80::1");
  CHECK(ip("127.3.2.1").is_loopback());
  CHECK(ip("::1").is_loopback());
  CHECK_FALSE(ip("::2").is_loopback());
  CHECK_FALSE(ip("0.0.0.0").is_loopback());
  CHECK_FALSE(parse_ip("192.168.1"));
  CHECK_FALSE(parse_ip("192.168.1.256"));
  CHECK_FALSE(parse_ip(std::string_view("127.0.0.1\0", 10)));
  CHECK(listen_address({"localhost", 1}) == ip("127.0.0.1"));
  CHECK_FALSE(listen_address({"porch", 1}));
}

TEST_CASE("a network holds the addresses that share its prefix") {
  CHECK(network("192.168.1.0/24").contains(ip("192.168.1.255")));
  CHECK_FALSE(network("192.168.1.0/24").contains(ip("192.168.2.0")));
  CHECK(network("192.168.1.77/24").contains(ip("192.168.1.1")));
  CHECK(network("10.0.0.0/9").contains(ip("10.127.0.1")));
  CHECK_FALSE(network("10.0.0.0/9").contains(ip("10.128.0.1")));
  CHECK(network("0.0.0.0/0").contains(ip("8.8.8.8")));
  CHECK_FALSE(network("0.0.0.0/0").contains(ip("2001:db8::1")));
  CHECK(network("::/0").contains(ip("8.8.8.8")));
  CHECK(network("fd00::/8").contains(ip("fdff::1")));
  CHECK_FALSE(network("fd00::/8").contains(ip("fe00::1")));
  CHECK(network("10.1.2.3").contains(ip("10.1.2.3")));
  CHECK_FALSE(network("10.1.2.3").contains(ip("10.1.2.4")));
  for (const char* wrong :
       {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "fd00::/129", "porch/24", "10.0.0.0/24/8"}) {
    INFO(wrong);
    CHECK_FALSE(parse_network(wrong));
  }
}

TEST_CASE("a network is written as it is read") {
  for (const char* text : {"192.168.1.0/24", "10.0.0.0/0", "fd00::/8", "::/0", "::ffff:10.0.0.0/64"}) {
    INFO(text);
    CHECK(network(network(text).text().c_str()) == network(text));
  }
  CHECK(network("10.1.2.3").text() == "10.1.2.3/32");
}

TEST_CASE("this machine may always connect, others if they are allowed") {
  const std::vector<IpNetwork> allow{network("192.168.1.0/24"), network("fd00::/8")};
  CHECK(may_connect(ip("127.0.0.1"), {}));
  CHECK(may_connect(ip("::1"), allow));
  CHECK(may_connect(ip("192.168.1.9"), allow));
  CHECK(may_connect(ip("fd12::9"), allow));
  CHECK_FALSE(may_connect(ip("192.168.2.9"), allow));
  CHECK_FALSE(may_connect(ip("192.168.1.9"), {}));
}

TEST_CASE("a listener is refused beyond loopback without allow, and names a port in use") {
  const int first = open_listener({"127.0.0.1", 0}, {});
  const std::uint16_t port = bound_port(first);
  CHECK(port != 0);
  const Endpoint taken{"127.0.0.1", port};
  try {
    open_listener(taken, {});
    FAIL("two listeners on one port");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::unavailable);
    CHECK(error.what() == "cannot listen on " + taken.text() + ": Address already in use");
  }
  ::close(first);

  for (const Endpoint& wrong : {Endpoint{"0.0.0.0", 0}, Endpoint{"::", 0}, Endpoint{"no.such.address", 0}}) {
    try {
      open_listener(wrong, {});
      FAIL("listens on " << wrong.text());
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::config);
      CHECK(std::string(error.what()).find(wrong.host) != std::string::npos);
    }
  }
  const std::vector<IpNetwork> allow{network("192.168.1.0/24")};
  const int beyond = open_listener({"0.0.0.0", 0}, allow);
  CHECK(bound_port(beyond) != 0);
  ::close(beyond);
}

TEST_CASE("two listeners collide on one port of one address, all addresses included") {
  const auto listeners_collide = [](const char* a, const char* b) {
    const bool one_way = collide(*parse_endpoint(a), *parse_endpoint(b));
    CHECK(collide(*parse_endpoint(b), *parse_endpoint(a)) == one_way);
    return one_way;
  };
  CHECK(listeners_collide("127.0.0.1:1", "127.0.0.1:1"));
  CHECK(listeners_collide("127.0.0.1:1", "localhost:1"));
  CHECK(listeners_collide("127.0.0.1:1", "0.0.0.0:1"));
  CHECK(listeners_collide("127.0.0.1:1", "[::]:1"));
  CHECK(listeners_collide("0.0.0.0:1", "[::]:1"));
  CHECK(listeners_collide("[::1]:1", "[::]:1"));
  CHECK(listeners_collide("[::ffff:127.0.0.1]:1", "127.0.0.1:1"));
  CHECK_FALSE(listeners_collide("127.0.0.1:1", "127.0.0.1:2"));
  CHECK_FALSE(listeners_collide("127.0.0.1:0", "127.0.0.1:0"));
  CHECK_FALSE(listeners_collide("127.0.0.1:1", "127.0.0.2:1"));
  CHECK_FALSE(listeners_collide("127.0.0.1:1", "[::1]:1"));
  CHECK_FALSE(listeners_collide("0.0.0.0:1", "[::1]:1"));
}

}  // namespace earshot::test
