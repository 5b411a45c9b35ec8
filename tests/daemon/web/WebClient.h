// WebClient: requests over HTTP as a test writes them, byte by byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/daemon/StreamClient.h"

namespace earshot::test {

struct WebReply {
  unsigned status = 0;  ///< 0: closed without an answer
  std::string head;     ///< status line and fields, a line each
  std::string body;     ///< whose last line ends with a newline

  bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
};

inline WebReply read_reply(StreamClient& client) {
  WebReply reply;
  bool in_body = false;
  while (std::optional<std::string> line = client.line()) {
    if (in_body) {
      reply.body += *line + '\n';
    } else if (*line == "\r") {
      in_body = true;
    } else {
      reply.head += *line + '\n';
    }
  }
  if (reply.head.starts_with("HTTP/1.1 "))
    reply.status = static_cast<unsigned>(std::stoul(reply.head.substr(9, 3)));
  return reply;
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
