// Senders by TLS: the token comes first, then all is as without.
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/ManySenders.h"
#include "daemon/capture/SourceNames.h"
#include "daemon/capture/TcpSource.h"
#include "daemon/net/ClientSocket.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/SourceRig.h"
#include "tests/daemon/TlsClient.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

TcpSettings tls_source(const TlsFiles& files) {
  TcpSettings tcp;
  tcp.listen = {"127.0.0.1", 0};
  tcp.pace = Pace::fast;
  tcp.pcm.rate_hz = 44'100;
  tcp.tls = files.settings();
  return tcp;
}

SourceSettings tls_settings(const TcpSettings& tcp) {
  return {.name = "net", .id = "net", .channel = {}, .gain_db = 0.0, .level_dbfs = {}, .kind = tcp};
}

const std::string& a_window() {
  static const std::string bytes(2 * SourceRig::kWindow, '\0');
  return bytes;
}

/// A tcp source with tls that listens, until its end.
struct RunningTlsSource {
  explicit RunningTlsSource(const TlsFiles& files)
      : tcp(tls_source(files)),
        source(tls_settings(tcp), tcp, rig.context),
        thread([this](const std::stop_token& stop) { source.run(stop); }) {
    const std::string text = rig.sink.await<SourceChange>(1).at(0).detail;
    endpoint = *parse_endpoint(text.substr(text.rfind(' ') + 1));
  }

  const TcpSettings tcp;
  SourceRig rig{kShortHop};
  TcpSource source;
  Endpoint endpoint;
  std::jthread thread;  // ends before what it runs
};

}  // namespace

TEST_CASE("a source with tls hears who says the token, and nobody else") {
  LogLines log;
  const TlsFiles files;
  RunningTlsSource running(files);
  const std::uint16_t port = running.endpoint.port;

  StreamClient plain(port);
  plain.send(a_window());
  while (plain.line()) {
  }
  TlsClient wrong(StreamClient{port});
  wrong.say_token("a wrong token of enough bytes");
  const auto answer = wrong.line();
  REQUIRE(answer);
  CHECK(answer->find("unauthorized") != std::string::npos);
  CHECK(running.rig.sink.all<SourceChange>().size() == 1);  // starting

  TlsClient sender(StreamClient{port});
  sender.send("{\"type\":\"auth\",\"token\":\"" + std::string(kToken) + "\"}\n" + a_window().substr(0, 1000));
  sender.send(a_window().substr(1000));
  CHECK(running.rig.sink.await<SourceChange>(2).at(1).state == SourceState::up);
  CHECK(running.rig.sink.await<Prediction>(1).at(0).end_sample == SourceRig::kWindow);
  sender.close_sending();
  CHECK(running.rig.sink.await<SourceChange>(3).at(2).state == SourceState::down);
  running.thread.request_stop();
  running.thread.join();
  CHECK(log.count("source 'net': sender 127.0.0.1 turned away") == 2);  // no TLS, no token
}

TEST_CASE("a second sender hears that there is one, and what it sends then fails") {
  const TlsFiles files;
  RunningTlsSource running(files);
  const Endpoint& endpoint = running.endpoint;
  const TlsCredentials credentials{files.fingerprint, kToken};

  ClientSocket first(endpoint, 20s, credentials);
  first.send(std::as_bytes(std::span(a_window())));
  CHECK(running.rig.sink.await<SourceChange>(2).at(1).state == SourceState::up);
  ClientSocket second(endpoint, 20s, credentials);
  second.send(std::as_bytes(std::span(a_window()).first(1000)));
  std::array<char, 256> bytes;
  while (second.receive(bytes, 20s).value() > 0) {
  }
  const auto send_on = [&] {
    for (;;) second.send(std::as_bytes(std::span(a_window())));
  };
  CHECK_THROWS_AS(send_on(), ConnectionClosed);
}

TEST_CASE("of those who know the token and wait for a place there are only so many") {
  LogLines log;
  const TlsFiles files;
  RunningTlsSource running(files);
  const std::uint16_t port = running.endpoint.port;
  std::vector<TlsClient> senders;
  for (int i = 0; i < 100 && log.count("too many wait to be let in") == 0; ++i) {
    senders.emplace_back(StreamClient{port});
    senders.back().say_token(kToken);
  }
  CHECK(log.await("too many wait to be let in") == 1);
}

TEST_CASE(
    "of many senders by TLS each says the token, then who it is; one that may not come in is told why") {
  const TlsFiles files;
  TcpSettings tcp = tls_source(files);
  tcp.max_senders = 4;
  SourceRig rig(kShortHop);
  SourceNames names;
  SourceContext context = rig.context;
  context.names = &names;
  ManySenders listener(tls_settings(tcp), tcp, context);
  std::stop_source stop;
  std::jthread thread([&] { listener.run(stop.get_token()); });
  const auto connect = [&](const std::string& introduction) {
    TlsClient client(StreamClient(listener.listen().port));
    client.say_token(kToken);
    client.send(introduction + "\n");
    return client;
  };
  TlsClient barn = connect(R"({"source":"barn"})");
  barn.send(a_window());
  TlsClient stable = connect(R"({"source":"stable"})");
  stable.send(a_window());
  CHECK(rig.sink.await<Prediction>(2).size() >= 2);
  TlsClient nobody = connect(R"({"name":"x"})");
  const auto refused = nobody.line();
  REQUIRE(refused);
  CHECK(refused->find("\"error\"") != std::string::npos);
  CHECK_FALSE(nobody.line());
  stop.request_stop();
}

}  // namespace earshot::test
