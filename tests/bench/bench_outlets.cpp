// bench_outlets: a daemon with all that it can tell through beside one that has the stream alone, both at
// once.
//
//   bench_outlets MODEL [seconds] [rounds]
//
// Each hears one sender of its own at 44.1 kHz. The one tells a real Mosquitto and runs a program for each
// event, its metrics are read every second, and a client hears all by TLS. Exits 1 if that takes 3 % of a
// core or more, by the median of the rounds, or if lines come later by a tenth and 0.5 ms (p99).
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/net/ClientSocket.h"
#include "nn/model/Model.h"
#include "tests/bench/LiveDaemon.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/TlsClient.h"
#include "tests/daemon/mqtt/MqttBroker.h"

namespace {

using namespace earshot;
using namespace std::chrono_literals;

constexpr double kMostCore = 0.03;

std::uint16_t port_after(const std::string& log, const std::string& text) {
  const std::size_t at = log.rfind(text);
  return at == std::string::npos ? std::uint16_t{0}
                                 : static_cast<std::uint16_t>(std::stoi(log.substr(at + text.size())));
}

// Those whom the daemon tells.
class Peers {
 public:
  Peers() : metrics_port_(test::FreePorts().next()) {}

  std::string tables() const {
    return "[events]\n[[events.level]]\nname = \"loud\"\nabove_dbfs = -40.0\n" + tls_.table() +
           "[publish.web]\nlisten = \"127.0.0.1:" + std::to_string(metrics_port_) +
           "\"\n[publish.mqtt]\nbroker = \"mqtt://127.0.0.1:" + std::to_string(broker_.port()) +
           "\"\ntopic = \"earshot/bench\"\nlabels = [\"loud\", \"Dog\"]\nswitches = true\n" +
           "[[action]]\nphase = \"both\"\ncommand = [\"/bin/true\"]\nper_minute = 600\n";
  }

  /// While what it returns lives.
  std::shared_ptr<void> listen_to(test::Daemon& daemon) {
    const std::uint16_t tls_port = port_after(daemon.child().err(), "0.0.0.0:");
    return std::make_shared<std::pair<std::jthread, std::jthread>>(
        [this](const std::stop_token& stop) { read_metrics(stop); },
        [this, tls_port](const std::stop_token& stop) { hear_by_tls(stop, tls_port); });
  }

  std::size_t scraped_bytes() const noexcept { return scraped_bytes_; }
  std::size_t heard_bytes() const noexcept { return heard_bytes_; }

 private:
  static std::size_t read_all(ClientSocket& socket, const std::stop_token& stop) {
    char buffer[65'536];
    std::size_t bytes = 0;
    while (!stop.stop_requested()) {
      const auto count = socket.receive(buffer, 200ms);
      if (count && *count == 0) break;
      bytes += count.value_or(0);
    }
    return bytes;
  }

  void read_metrics(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ClientSocket socket(Endpoint{"127.0.0.1", metrics_port_}, 1s);
      const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      socket.send(std::as_bytes(std::span(request)));
      scraped_bytes_ += read_all(socket, stop);
      for (int i = 0; i < 20 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(50ms);
    }
  }

  void hear_by_tls(const std::stop_token& stop, std::uint16_t port) {
    ClientSocket socket(Endpoint{"127.0.0.1", port}, 5s, TlsCredentials{tls_.fingerprint, test::kToken});
    heard_bytes_ += read_all(socket, stop);
  }

  test::MqttBroker broker_;
  test::TlsFiles tls_;
  std::uint16_t metrics_port_;
  std::atomic<std::size_t> scraped_bytes_ = 0;
  std::atomic<std::size_t> heard_bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_outlets MODEL [seconds] [rounds]\n", stderr);
    return 64;
  }
  if (::access(test::kMosquitto, X_OK) != 0) {
    std::fputs("bench_outlets: found no mosquitto, expected Debian's package of that name\n", stderr);
    return 69;
  }
  const Model model = load_model(argv[1]);
  bench::LiveSettings bare{.time = std::chrono::seconds(argc > 2 ? std::atoi(argv[2]) : 60), .more = {}};
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  std::vector<double> more_core, bare_core, bare_late_ms, all_late_ms;
  std::size_t events = 0, scraped = 0, heard = 0;
  for (int round = 0; round < rounds; ++round) {
    Peers peers;
    bench::LiveSettings all = bare;
    all.more = peers.tables();
    all.listen = "[\"127.0.0.1:0\", \"0.0.0.0:0\"]";
    all.beside = [&](test::Daemon& daemon) { return peers.listen_to(daemon); };
    bench::LiveResult alone;
    std::jthread other([&] { alone = bench::measure_live(bare, model); });
    const bench::LiveResult told = bench::measure_live(all, model);
    other.join();
    bare_core.push_back(alone.core);
    more_core.push_back(told.core - alone.core);
    bare_late_ms.insert(bare_late_ms.end(), alone.late_ms.begin(), alone.late_ms.end());
    all_late_ms.insert(all_late_ms.end(), told.late_ms.begin(), told.late_ms.end());
    events += told.events;
    scraped += peers.scraped_bytes();
    heard += peers.heard_bytes();
  }
  const double more = bench::median(more_core);
  const double bare_p99_ms = bench::percentile(bare_late_ms, 0.99);
  const double all_p99_ms = bench::percentile(all_late_ms, 0.99);
  std::printf("%d rounds of %d s, one source each; %zu events, %zu bytes of metrics, %zu by TLS\n", rounds,
              static_cast<int>(bare.time.count()), events, scraped, heard);
  std::printf("  the stream alone         %6.2f %% of a core; all of it %.2f %% more (below %.0f)\n",
              100.0 * bench::median(bare_core), 100.0 * more, 100.0 * kMostCore);
  std::printf("  last sample to line      %6.1f ms p50, %.1f p99; all of it %.1f p50, %.1f p99\n",
              bench::percentile(bare_late_ms, 0.5), bare_p99_ms, bench::percentile(all_late_ms, 0.5),
              all_p99_ms);
  const bool holds =
      events > 0 && scraped > 0 && heard > 0 && more < kMostCore && all_p99_ms < 1.1 * bare_p99_ms + 0.5;
  return holds ? 0 : 1;
}
