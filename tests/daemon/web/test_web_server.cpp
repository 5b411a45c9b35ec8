// WebServer: who is answered, who is not, and that nobody who stalls takes a place from others.
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/web/WebServer.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/web/WebClient.h"

namespace earshot::test {
namespace {

WebAnswer echo(std::string_view target) {
  if (target == "/long") return {200, std::string(16'000'000, 'x') + '\n'};
  return {200, "at " + std::string(target) + '\n'};
}

std::unique_ptr<WebServer> web_server(WebLimits limits = {},
                                      const WebSettings& settings = {{"127.0.0.1", 0}, {}}) {
  return std::make_unique<WebServer>(settings, echo, nullptr, limits);
}

std::string request(const std::string& method, const std::string& rest = "") {
  return method + " /x HTTP/1.1\r\nHost: localhost\r\n" + rest + "\r\n";
}

}  // namespace

TEST_CASE(
    "GET is answered with fields that keep browsers from making anything of it, and the connection closed") {
  const auto server = web_server();
  const WebReply reply = get(server->port(), "/x?y");
  CHECK(reply.status == 200);
  CHECK(reply.body == "at /x?y\n");
  for (const char* field :
       {"Content-Type: text/plain; charset=utf-8\r\n", "Content-Length: 8\r\n", "Cache-Control: no-store\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n", "Connection: close\r\n"}) {
    INFO(reply.head);
    CHECK(reply.head.find(field) != std::string::npos);
  }
}

TEST_CASE("HEAD is answered with the fields of GET and without its body") {
  const auto server = web_server();
  const WebReply reply = send_request(server->port(), request("HEAD"));
  CHECK(reply.status == 200);
  CHECK(reply.head.find("Content-Length: 6\r\n") != std::string::npos);
  CHECK(reply.body.empty());
}

TEST_CASE("other methods are not allowed, and what they bring is not read for ever") {
  const auto server = web_server();
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"}) {
    const WebReply reply = send_request(server->port(), request(method));
    INFO(method);
    CHECK(reply.status == 405);
    CHECK(reply.head.find("Allow: GET, HEAD\r\n") != std::string::npos);
  }
  CHECK(send_request(server->port(), request("POST", "Content-Length: 5\r\n") + "hello").status == 405);
}

TEST_CASE("a foreign Host, none and two are refused, with one line of the log") {
  const LogLines log;
  const auto server = web_server();
  for (int i = 0; i < 50; ++i) CHECK(get(server->port(), "/metrics", "evil.example").status == 421);
  CHECK(log.count("request of 127.0.0.1 refused: found another Host") == 1);
  CHECK(send_request(server->port(), "GET / HTTP/1.1\r\n\r\n").status == 400);
  CHECK(send_request(server->port(), "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
            .status == 400);
  CHECK(get(server->port(), "/x", "127.0.0.1:" + std::to_string(server->port())).status == 200);
}

TEST_CASE("what is no HTTP and what is too long gets an error, and others go on being answered") {
  const auto server = web_server();
  CHECK(send_request(server->port(), "\x16\x03\x01 hello\r\n\r\n").status == 400);
  CHECK(send_request(server->port(), "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n").status == 400);
  CHECK(send_request(server->port(), request("GET", "X: " + std::string(10'000, 'x') + "\r\n")).status ==
        431);
  CHECK(send_request(server->port(),
                     "GET /" + std::string(10'000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .status == 431);
  {
    StreamClient gone(server->port());
    gone.send("GET / HT");
  }
  CHECK(get(server->port(), "/x").status == 200);
}

TEST_CASE("a request that drips in is closed, with one line of the log") {
  const LogLines log;
  const auto server = web_server({.patience = std::chrono::milliseconds(100)});
  StreamClient slow(server->port());
  slow.send("GET / HTTP/1.1\r\n");
  for (bool open = true; open;) {
    open = slow.send("X: y\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // dripping is the subject
  }
  CHECK(log.await("request of 127.0.0.1 closed: it has not come within 0.1 s") == 1);
}

TEST_CASE("an answer that nobody takes is given up") {
  const auto server = web_server({.patience = std::chrono::milliseconds(200), .most_connections = 1});
  StreamClient lazy(server->port(), 4'096);
  lazy.send("GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // It is cut off: the end comes before all of it.
  std::this_thread::sleep_for(std::chrono::milliseconds(600));  // time is the subject
  std::size_t taken = 0;
  char bytes[65'536];
  for (ssize_t count = 1; count > 0;) {
    count = ::recv(lazy.socket(), bytes, sizeof bytes, 0);
    if (count > 0) taken += static_cast<std::size_t>(count);
  }
  CHECK(taken < 16'000'000);
}

TEST_CASE("however many connect and say nothing, one that asks is answered") {
  const LogLines log;
  const auto server = web_server({.patience = std::chrono::minutes(1), .most_connections = 4});
  std::vector<StreamClient> silent;
  for (int i = 0; i < 100; ++i) {
    silent.emplace_back(server->port());
    if (i % 20 == 0) CHECK(get(server->port(), "/x").status == 200);
  }
  CHECK(get(server->port(), "/x").status == 200);
  CHECK(log.await("closed for another") == 1);
  CHECK_FALSE(silent.front().line());  // made way
}

TEST_CASE("a port scan and a hundred requests at once leave it answering") {
  const auto server = web_server();
  for (int i = 0; i < 100; ++i) StreamClient scan(server->port());
  std::vector<StreamClient> clients;
  for (int i = 0; i < 30; ++i) clients.emplace_back(server->port());
  for (StreamClient& each : clients) each.send(request("GET"));
  for (StreamClient& each : clients) CHECK(read_reply(each).status == 200);
}

TEST_CASE("a server that goes closes whoever is there") {
  auto server = web_server({.patience = std::chrono::minutes(1)});
  StreamClient half(server->port());
  half.send("GET / HTTP/1.1\r\n");
  CHECK(get(server->port(), "/x").status == 200);
  server.reset();
  CHECK_FALSE(half.line());
}

}  // namespace earshot::test
