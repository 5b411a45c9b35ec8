// 60 clients that read and 60 that never do.
#include <malloc.h>
#include <poll.h>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/StreamServer.h"
#include "tests/daemon/StreamClient.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {
namespace {

/// Bytes of heap in use by the whole program; 0 where a sanitizer's allocator keeps the books.
std::size_t heap_bytes() {
  return ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
}

}  // namespace

TEST_CASE("60 clients that read lose nothing, 60 that never do are told what they lost, memory is bounded") {
  constexpr std::size_t kClients = 60;
  constexpr std::uint64_t kMessages = 8000;
  StreamSettings settings;
  settings.listen = {Endpoint{"127.0.0.1", 0}};
  settings.max_clients = 2 * kClients;
  settings.history = 100;
  settings.stall_limit = std::chrono::minutes(10);  // sleepers sleep as long as a slow machine takes
  const StreamFacts facts{"esc10", "", {"dog", "rain"}, false, 220500, 22016, 44100, {{"mic", "microphone"}}};
  Counters counters;
  UtcClock utc;
  StreamServer server(settings, facts, counters, utc);

  std::vector<StreamClient> sleepers;
  std::vector<StreamClient> readers;
  for (std::size_t i = 0; i < kClients; ++i) {
    sleepers.emplace_back(server.port(), 4096);
    readers.emplace_back(server.port());
    readers.back().message("hello");
  }

  Prediction prediction;
  prediction.source = "mic";
  prediction.labels = dog_and_rain();
  prediction.scores = {0.25F, 0.75F};
  std::size_t heap_after_first_half = 0;
  std::size_t heap_after_second_half = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t seq = 1; seq <= kMessages; ++seq) {
    server.publish(prediction);
    // As on a real machine, readers get the processor between bursts; every 100 lines all are at the same
    // place.
    if (seq % 100 != 0) continue;
    for (StreamClient& reader : readers) {
      for (std::uint64_t expected = seq - 99; expected <= seq; ++expected) {
        const auto text = reader.line();
        REQUIRE(text);
        if (text->find("\"heartbeat\"") != std::string::npos) {
          --expected;
          continue;
        }
        REQUIRE(text->starts_with("{\"type\":\"prediction\",\"seq\":" + std::to_string(expected) + ","));
      }
    }
    if (seq == kMessages / 2) heap_after_first_half = heap_bytes();
    if (seq == kMessages) heap_after_second_half = heap_bytes();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  std::uint64_t least_lost = kMessages;
  for (StreamClient& sleeper : sleepers) {
    std::uint64_t next = 1;
    std::uint64_t lost = 0;
    sleeper.message("hello");
    while (next <= kMessages) {
      const auto message = sleeper.message();
      if (message.at("type") == "heartbeat") continue;
      if (message.at("type") == "lost") {
        REQUIRE(message.at("from_seq").to_number<std::uint64_t>() == next);
        const auto to = message.at("to_seq").to_number<std::uint64_t>();
        REQUIRE(message.at("messages").to_number<std::uint64_t>() == to - next + 1);
        lost += to - next + 1;
        next = to + 1;
      } else {
        REQUIRE(message.at("seq").to_number<std::uint64_t>() == next);
        ++next;
      }
    }
    least_lost = std::min(least_lost, lost);
  }
  CHECK(least_lost > kMessages / 2);
  const double grown_mb =
      (static_cast<double>(heap_after_second_half) - static_cast<double>(heap_after_first_half)) / 1e6;
  CHECK(grown_mb < 1.0);
  std::cout << "60 readers and 60 sleepers, " << kMessages << " messages in " << took.count()
            << " s: readers lost 0, sleepers at least " << least_lost << " and were told so; heap "
            << static_cast<double>(heap_after_first_half) / 1e6 << " MB halfway, " << grown_mb
            << " MB more at the end\n";
}

}  // namespace earshot::test
