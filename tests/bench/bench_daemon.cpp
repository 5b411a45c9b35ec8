// The daemon with one source: time to READY, resident memory, and how late a window's line is on the socket.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "dsp/base/KeyedRandom.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/Daemon.h"

namespace {

using earshot::bench::percentile;
using earshot::bench::resident_mb;

using namespace earshot::test;
using Clock = std::chrono::steady_clock;

constexpr int kRateHz = 44'100;
constexpr std::size_t kChunkSamples = 441;  // 10 ms, as a sound card would bring them

// When each chunk was sent, by the position after its last sample.
std::vector<Clock::time_point> send_in_real_time(StreamClient& sender, std::size_t chunks) {
  earshot::KeyedRandom random(3);
  std::vector<float> chunk(kChunkSamples);
  std::vector<Clock::time_point> sent;
  const Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < chunks; ++i) {
    for (float& sample : chunk) sample = static_cast<float>(random.uniform(-0.1, 0.1));
    std::this_thread::sleep_until(start + std::chrono::milliseconds(10) * (i + 1));
    sent.push_back(Clock::now());
    sender.send({reinterpret_cast<const char*>(chunk.data()), chunk.size() * sizeof(float)});
  }
  return sent;
}

}  // namespace

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
  Daemon daemon(
      "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nformat = \"f32le\"\nrate_hz = "
      "44100\n");
  std::printf("READY %.3f s after exec (at most 0.5)\n",
              std::chrono::duration<double>(daemon.ready_after()).count());

  StreamClient client = daemon.subscribe();
  StreamClient sender = daemon.connect_sender("net");
  std::map<std::uint64_t, Clock::time_point> arrived;  // by end_sample
  std::jthread reader([&] {
    try {
      for (;;) {
        const auto line = client.line();
        const Clock::time_point now = Clock::now();
        if (!line) return;
        const auto message = boost::json::parse(*line).as_object();
        if (message.at("type").as_string() == "prediction") {
          arrived.emplace(message.at("end_sample").to_number<std::uint64_t>(), now);
        }
        if (message.at("type").as_string() == "bye") return;
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
  });
  const std::vector<Clock::time_point> sent =
      send_in_real_time(sender, static_cast<std::size_t>(seconds) * 100);
  const double memory = resident_mb(daemon.child().pid());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  daemon.child().send_signal(SIGTERM);
  daemon.child().wait();
  reader.join();

  std::vector<double> latency_ms;
  for (const auto& [end_sample, moment] : arrived) {
    const std::size_t chunk = (end_sample - 1) / kChunkSamples;
    latency_ms.push_back(std::chrono::duration<double, std::milli>(moment - sent.at(chunk)).count());
  }
  if (latency_ms.empty()) {
    std::fprintf(stderr, "no window in %d s\n", seconds);
    return 1;
  }
  std::printf("resident memory with one source %.1f MB (at most 80)\n", memory);
  std::printf(
      "a window's last sample to its line on the socket: p50 %.1f ms, p99 %.1f ms, most %.1f ms over %zu "
      "windows"
      " (p99 at most 50)\n",
      percentile(latency_ms, 0.5), percentile(latency_ms, 0.99), percentile(latency_ms, 1.0),
      latency_ms.size());
  const bool holds = std::chrono::duration<double>(daemon.ready_after()).count() <= 0.5 && memory < 80.0 &&
                     percentile(latency_ms, 0.99) < 50.0;
  return holds ? 0 : 1;
}
