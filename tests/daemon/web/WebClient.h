// WebClient: requests over HTTP as a test writes them, byte by byte.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/daemon/StreamClient.h"

namespace earshot::test {

struct WebReply {
  unsigned status = 0;  ///< 0: closed without an answer
  std::string head;     ///< status line and fields
  std::string body;

  bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
};

/// All that comes until the connection is closed.
inline WebReply read_reply(StreamClient& client) {
  std::string text;
  char bytes[65'536];
  for (;;) {
    pollfd ready{client.socket(), POLLIN, 0};
    if (::poll(&ready, 1, 20'000) <= 0) throw std::runtime_error("no reply in time");
    const ssize_t count = ::recv(client.socket(), bytes, sizeof bytes, 0);
    if (count <= 0) break;
    text.append(bytes, static_cast<std::size_t>(count));
  }
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  const std::size_t end = text.find(kEndOfHead);
  if (!text.starts_with("HTTP/1.") || end == std::string::npos) return {};
  return {static_cast<unsigned>(std::stoul(text.substr(9, 3))), text.substr(0, end + 2),
          text.substr(end + kEndOfHead.size())};
}

inline WebReply send_request(std::uint16_t port, std::string_view request) {
  StreamClient client(port);
  client.send(request);
  return read_reply(client);
}

inline WebReply get(std::uint16_t port, const std::string& target, const std::string& host = "localhost") {
  return send_request(port, "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
}

}  // namespace earshot::test
