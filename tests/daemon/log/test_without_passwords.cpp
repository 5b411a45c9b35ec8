// without_passwords: what a command says and is called with, as the log may show it.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/log/WithoutPasswords.h"

namespace earshot::test {

TEST_CASE("passwords in URLs are struck out, users and hosts stay") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"rtsp://user:secret@10.0.0.7:554/live", "rtsp://user:***@10.0.0.7:554/live"},
      {"[in#0] Error opening 'rtsp://u:p@h/x': 401", "[in#0] Error opening 'rtsp://u:***@h/x': 401"},
      {"rtsp://u:a/b@c:d@host/x", "rtsp://u:***@host/x"},
      {"rtsp://:only@host", "rtsp://:***@host"},
      {"a://b:c@d \"e://f:g@h\"", "a://b:***@d \"e://f:***@h\""},
      {"HTTP://h/live?USER=me&PassWord=x%20y&channel=1", "HTTP://h/live?USER=me&PassWord=***&channel=1"},
      {"rtsp://h:554/user=admin_password=tlJwpbo6_channel=1", "rtsp://h:554/user=admin_password=***"},
      {"token=abc;q=1", "token=***;q=1"},
      {"rtsp://u:p@h?pwd=q", "rtsp://u:***@h?pwd=***"},
  };
  for (const auto& [text, shown] : table) CHECK(without_passwords(text) == shown);
}

TEST_CASE("what holds no password is shown as it is") {
  for (const std::string text :
       {"", "://", "rtsp://10.0.0.7:554/live", "http://user@host/a:b", "mail me@example.org",
        "bypass=1 compass=2", "pwd=", "a=b=c", "time=00:00:01.50 bitrate= 128.0kbits/s",
        "https://radio.example:8000/stream?bitrate=128"}) {
    CHECK(without_passwords(text) == text);
  }
}

}  // namespace earshot::test
