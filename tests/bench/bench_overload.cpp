// bench_overload: twice as many windows as the machine can classify, of senders and files alike: what lags, who is skipped.
//
//   bench_overload [seconds] [MODEL]
//
// Exits 1 unless each heartbeat's lag is under two windows, sources skip within 10 % of each other, windows are skipped at
// all, and memory does not grow by 5 %.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "nn/model/Model.h"
#include "tests/bench/HotWindow.h"
#include "tests/bench/LiveSenders.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/Daemon.h"
#include "tests/support/WavFile.h"

namespace {

using namespace earshot;
using namespace earshot::test;
using Clock = std::chrono::steady_clock;

constexpr double kHopS = 0.5;
constexpr double kFactor = 2.0;
constexpr std::size_t kFiles = 8;
constexpr std::size_t kMostSources = 600;
constexpr std::chrono::seconds kWarm{20};
constexpr double kMostSpread = 0.1;
constexpr double kMostGrowth = 1.05;

// What heartbeats tell once the daemon is warm.
class Heartbeats {
 public:
  void listen(StreamClient client) {
    for (;;) {
      const boost::json::object message = client.message();
      if (message.at("type").as_string() == "bye") return;
      if (message.at("type").as_string() == "heartbeat" && Clock::now() - begun_ > kWarm) take(message);
    }
  }
  double worst_lag_s() const noexcept { return worst_lag_s_; }
  /// Of each source, between the first and the last.
  std::vector<double> skipped() const {
    std::vector<double> counts;
    for (const auto& [name, count] : last_) counts.push_back(static_cast<double>(count - first_.at(name)));
    return counts;
  }

 private:
  void take(const boost::json::object& heartbeat) {
    for (const auto& each : heartbeat.at("sources").as_array()) {
      const std::string name(each.at("name").as_string());
      const auto skipped = each.at("skipped_windows").to_number<std::uint64_t>();
      first_.try_emplace(name, skipped);
      last_[name] = skipped;
      worst_lag_s_ = std::max(worst_lag_s_, each.at("lag_s").to_number<double>());
    }
  }

  const Clock::time_point begun_ = Clock::now();
  std::map<std::string, std::uint64_t> first_;
  std::map<std::string, std::uint64_t> last_;
  double worst_lag_s_ = 0.0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::seconds time(argc > 1 ? std::max(20, std::atoi(argv[1])) : 60);
  const Model model = load_model(argc > 2 ? argv[2] : EARSHOT_SOURCE_DIR "/config/esc10-v6.safetensors");
  const double window_s = static_cast<double>(model.recipe.window_samples) / model.recipe.rate_hz;
  const double hot_s = bench::hot_window_s(model, kHopS);
  const double most_windows_a_s = std::thread::hardware_concurrency() / hot_s;
  const std::size_t sources =
      std::clamp<std::size_t>(static_cast<std::size_t>(kFactor * most_windows_a_s * kHopS), 2 * kFiles, kMostSources);

  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(440, 16'000, 160'000), 16'000);
  std::string configuration = "[window]\nhop_s = " + std::to_string(kHopS) +
                              "\n[[source]]\nname = \"all\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = " +
                              std::to_string(sources) + "\n";
  for (std::size_t i = 0; i < kFiles; ++i)
    configuration += "[[source]]\nname = \"file" + std::to_string(i) +
                     "\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" + (directory / "tone.wav").string() + "\"\n";
  Daemon daemon(configuration, {}, "/dev/null", model);
  StreamClient client = daemon.connect();
  client.send("{\"type\":\"subscribe\",\"types\":[\"clock\"]}\n");  // heartbeats come all the same
  Heartbeats heartbeats;
  std::jthread listening([&] { heartbeats.listen(std::move(client)); });
  bench::LiveSenders senders({.senders = sources - kFiles,
                              .rate_hz = 16'000,
                              .block = std::chrono::milliseconds(50),
                              .spread = std::chrono::milliseconds(500)},
                             daemon.sender_port("all"));
  senders.run(kWarm);
  const double before_mb = bench::resident_mb(daemon.child().pid());
  senders.run(time);
  const double after_mb = bench::resident_mb(daemon.child().pid());
  daemon.child().send_signal(SIGTERM);
  daemon.child().wait();
  listening.join();

  const std::vector<double> skipped = heartbeats.skipped();
  const auto [least, most] = std::ranges::minmax(skipped);
  double sum = 0.0;
  for (const double count : skipped) sum += count;
  const double spread = (most - least) / (sum / static_cast<double>(skipped.size()));
  std::printf("%zu senders and %zu files, %.0f windows a second where %u processors classify %.0f at most, %d s\n",
              sources - kFiles, kFiles, static_cast<double>(sources) / kHopS, std::thread::hardware_concurrency(),
              most_windows_a_s, static_cast<int>(time.count()));
  std::printf("  worst lag of a heartbeat %8.2f s (below %.2f, two windows)\n", heartbeats.worst_lag_s(), 2.0 * window_s);
  std::printf("  skipped a source         %8.0f to %.0f windows, %.1f %% apart (below %.0f)\n", least, most, 100.0 * spread,
              100.0 * kMostSpread);
  std::printf("  resident                 %8.1f MB, then %.1f\n", before_mb, after_mb);
  const bool holds = heartbeats.worst_lag_s() < 2.0 * window_s && least > 0 && spread < kMostSpread &&
                     after_mb < kMostGrowth * before_mb;
  return holds ? 0 : 1;
}
