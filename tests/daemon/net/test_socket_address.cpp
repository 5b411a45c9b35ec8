// Addresses of both kinds, as users write them.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/net/SocketAddress.h"

namespace earshot::test {

TEST_CASE("an address is an endpoint, or the absolute path of a Unix socket") {
  CHECK(parse_socket_address("127.0.0.1:7557") == SocketAddress(Endpoint{"127.0.0.1", 7557}));
  CHECK(parse_socket_address("[::1]:0") == SocketAddress(Endpoint{"::1", 0}));
  CHECK(parse_socket_address("unix:/run/earshot/earshot.sock") ==
        SocketAddress(UnixPath{"/run/earshot/earshot.sock"}));
  CHECK(to_text(UnixPath{"/run/a b"}) == "unix:/run/a b");
  CHECK(parse_socket_address("unix:/" + std::string(106, 'x')));
  for (const std::string& wrong :
       {std::string("unix:"), std::string("unix:run/x"), std::string("unix:/"), std::string("unix:/run/"),
        "unix:/" + std::string(107, 'x'), std::string("unix:/a\0b", 9), std::string("Unix:/run/x"),
        std::string("/run/x")}) {
    INFO(wrong);
    CHECK_FALSE(parse_socket_address(wrong));
  }
}

TEST_CASE("two addresses collide if one machine cannot listen on both") {
  const auto addresses_collide = [](const char* a, const char* b) {
    return collide(*parse_socket_address(a), *parse_socket_address(b));
  };
  CHECK(addresses_collide("unix:/run/x", "unix:/run/x"));
  CHECK(addresses_collide("unix:/run/x", "unix:/run/./y/..//x"));
  CHECK_FALSE(addresses_collide("unix:/run/x", "unix:/run/y"));
  CHECK_FALSE(addresses_collide("unix:/run/x", "127.0.0.1:1"));
  CHECK(addresses_collide("127.0.0.1:1", "[::]:1"));
}

}  // namespace earshot::test
