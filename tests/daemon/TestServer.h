// TestServer: a stream of one source, without a daemon around it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "daemon/stream/StreamServer.h"
#include "tests/daemon/StreamClient.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {

struct TestServer {
  explicit TestServer(std::uint16_t port) : TestServer(Endpoint{"127.0.0.1", port}) {}
  explicit TestServer(const SocketAddress& address) {
    StreamSettings settings;
    settings.listen = {address};
    settings.heartbeat = std::chrono::milliseconds(20);
    stream = std::make_unique<StreamServer>(
        settings,
        StreamFacts{"esc10", "", {"dog", "rain"}, false, 220500, 22016, 44100, {{"mic", "microphone"}}},
        counters, utc);
  }
  void predict(int times) {
    Prediction prediction;
    prediction.source = "mic";
    prediction.labels = dog_and_rain();
    prediction.scores = {0.25F, 0.75F};
    prediction.heard = {1};
    for (int i = 0; i < times; ++i) stream->publish(prediction);
  }
  /// Until `clients` are connected, a client of the test's own included.
  void wait_for_clients(int clients) {
    StreamClient probe(parse_socket_address(stream->listening_on()).value());
    while (probe.message("heartbeat").at("clients") != clients + 1) {
    }
  }

  Counters counters;
  UtcClock utc;
  std::unique_ptr<StreamServer> stream;
};

}  // namespace earshot::test
