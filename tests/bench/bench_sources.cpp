// bench_sources: one daemon, many TCP senders in real time: what a second of sound costs, what a source takes
// of memory, what is skipped, and how late lines are.
//
//   bench_sources MODEL [sources] [seconds] [rate_hz] [hop_s] [block_ms]
//
// The senders (LiveSenders) run beside the daemon on the same processors. Exits 1 if a window was skipped,
// lost or gated; if lines came later than this (p99, the resampler's delay included): 30 ms with one source,
// 70 with up to 16, 2 s with more; with one source at the model's own rate if p99 is above both 15 ms and
// four times a hot window; if one source takes 90 MB, a further one 1.5, or with more than 16 a second of
// sound 6 ms of a core or more.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "nn/model/Model.h"
#include "tests/bench/HotWindow.h"
#include "tests/bench/LiveSenders.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/Daemon.h"

namespace {

using earshot::bench::percentile;
using earshot::bench::resident_mb;

using namespace earshot;
using namespace earshot::test;
using Clock = std::chrono::steady_clock;

constexpr double kMostCoreMs = 6.0;
constexpr double kMostMbOfOne = 90.0;
constexpr double kMostMbOfFurther = 1.5;
constexpr double kMostP99Ms = 15.0;
constexpr double kMostP99Windows = 4.0;

struct Settings {
  std::string model;
  std::size_t sources = 200;
  std::chrono::seconds time{60};
  int rate_hz = 44'100;
  double hop_s = 0.48;
  std::chrono::milliseconds block{10};
};

constexpr std::size_t kFew = 16;
double most_late_ms(std::size_t sources) {
  if (sources == 1) return 30.0;
  return sources <= kFew ? 70.0 : 2000.0;
}

// Of all its threads, user and system.
double core_seconds(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  ::clock_getcpuclockid(pid, &clock);
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Result {
  std::string sound;
  double resident_mb = 0.0;
  double core = 0.0;         // of one processor, the daemon
  double others_core = 0.0;  // the senders and the client
  std::size_t predictions = 0;
  std::size_t gated = 0;
  std::uint64_t skipped = 0;
  std::uint64_t lost_samples = 0;
  double lag_s = 0.0;           // the worst that a heartbeat told
  std::vector<double> late_ms;  // from a window's last sample on its way to its line here
};

// What the client hears until the daemon leaves.
class Listener {
 public:
  struct Arrival {
    std::size_t source;
    std::uint64_t end_sample;
    Clock::time_point moment;
  };

  explicit Listener(StreamClient client) : client_(std::move(client)) {}

  void listen(Result& result) {
    for (;;) {
      const auto line = client_.line();
      const Clock::time_point now = Clock::now();
      if (!line) return;
      const auto message = boost::json::parse(*line).as_object();
      const auto type = message.at("type").as_string();
      if (type == "bye") return;
      if (type == "gap") take_gap(message, result);
      if (type == "heartbeat") take_heartbeat(message, result);
      if (type != "prediction") continue;
      ++result.predictions;
      result.gated += message.at("gated").as_bool();
      arrivals_.push_back({std::strtoul(message.at("source").as_string().c_str() + 1, nullptr, 10),
                           message.at("end_sample").to_number<std::uint64_t>(), now});
    }
  }

  const std::vector<Arrival>& arrivals() const noexcept { return arrivals_; }

 private:
  static void take_gap(const boost::json::object& message, Result& result) {
    if (const auto* windows = message.if_contains("windows"))
      result.skipped += windows->to_number<std::uint64_t>();
    result.lost_samples += message.at("samples").to_number<std::uint64_t>();
  }
  static void take_heartbeat(const boost::json::object& message, Result& result) {
    for (const auto& source : message.at("sources").as_array()) {
      const auto* lag_s = source.as_object().if_contains("lag_s");
      if (lag_s && lag_s->is_number()) result.lag_s = std::max(result.lag_s, lag_s->to_number<double>());
    }
  }

  StreamClient client_;
  std::vector<Arrival> arrivals_;
};

Result run(const Settings& settings, const Model& model, std::size_t sources, std::chrono::seconds time) {
  Daemon daemon("[window]\nhop_s = " + std::to_string(settings.hop_s) +
                    "\n[[source]]\nname = \"all\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = " +
                    std::to_string(sources) + "\n",
                {}, "/dev/null", model);
  Listener listener(daemon.subscribe());
  bench::LiveSenders senders({.senders = sources,
                              .rate_hz = settings.rate_hz,
                              .block = settings.block,
                              .spread = std::chrono::milliseconds(static_cast<int>(settings.hop_s * 1e3))},
                             daemon.sender_port("all"));
  Result result;
  result.sound = senders.what();
  std::jthread listening([&] { listener.listen(result); });

  const double daemon_before_s = core_seconds(daemon.child().pid());
  const double others_before_s = core_seconds(::getpid());
  senders.run(time);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const double seconds = static_cast<double>(time.count());
  result.resident_mb = resident_mb(daemon.child().pid());
  result.core = (core_seconds(daemon.child().pid()) - daemon_before_s) / seconds;
  result.others_core = (core_seconds(::getpid()) - others_before_s) / seconds;
  daemon.child().send_signal(SIGTERM);
  daemon.child().wait();
  listening.join();
  for (const Listener::Arrival& arrival : listener.arrivals()) {
    // The last of the source's own samples before the window's end.
    const auto from_hz = static_cast<std::uint64_t>(settings.rate_hz);
    const auto to_hz = static_cast<std::uint64_t>(model.recipe.rate_hz);
    const std::uint64_t last = (arrival.end_sample * from_hz + to_hz - 1) / to_hz - 1;
    if (const Clock::time_point* sent = senders.sent(arrival.source, last))
      result.late_ms.push_back(std::chrono::duration<double, std::milli>(arrival.moment - *sent).count());
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (argc < 2) {
    std::fputs("usage: bench_sources MODEL [sources] [seconds] [rate_hz] [hop_s] [block_ms]\n", stderr);
    return 64;
  }
  settings.model = argv[1];
  if (argc > 2) settings.sources = std::strtoul(argv[2], nullptr, 10);
  if (argc > 3) settings.time = std::chrono::seconds(std::atoi(argv[3]));
  if (argc > 4) settings.rate_hz = std::atoi(argv[4]);
  if (argc > 5) settings.hop_s = std::atof(argv[5]);
  if (argc > 6) settings.block = std::chrono::milliseconds(std::atoi(argv[6]));
  const Model model = load_model(settings.model);
  const double hot_ms = 1e3 * bench::hot_window_s(model, settings.hop_s);
  const bool alone = settings.sources == 1;
  const Result one = run(settings, model, 1, alone ? settings.time : std::chrono::seconds(5));
  const Result all = alone ? one : run(settings, model, settings.sources, settings.time);
  const double further_mb =
      alone ? 0.0 : (all.resident_mb - one.resident_mb) / static_cast<double>(settings.sources - 1);
  const double core_ms = all.core * 1e3 / static_cast<double>(settings.sources);
  const double p99_ms = percentile(all.late_ms, 0.99);
  const double most_ms = most_late_ms(settings.sources);
  const bool many = settings.sources > kFew;
  std::printf("%zu sources at %d Hz (%s, blocks of %d ms), a window each %.2f s, %d s on %u processors\n",
              settings.sources, settings.rate_hz, all.sound.c_str(), static_cast<int>(settings.block.count()),
              settings.hop_s, static_cast<int>(settings.time.count()), std::thread::hardware_concurrency());
  std::printf("  a second of sound        %8.2f ms of a core", core_ms);
  if (many) std::printf(" (below %.0f)", kMostCoreMs);
  std::printf("; daemon %.2f cores, senders and client %.2f\n", all.core, all.others_core);
  std::printf(
      "  windows                  %8zu, gated %zu, skipped %llu, samples lost %llu, worst lag %.2f s\n",
      all.predictions, all.gated, static_cast<unsigned long long>(all.skipped),
      static_cast<unsigned long long>(all.lost_samples), all.lag_s);
  std::printf("  resident with one source %8.1f MB (below %.0f)", one.resident_mb, kMostMbOfOne);
  if (!alone) std::printf(", each further one %.2f MB (below %.1f)", further_mb, kMostMbOfFurther);
  std::printf("\n  last sample to line      %8.1f ms p50, %.1f p99 (below %.0f), %.1f at most",
              percentile(all.late_ms, 0.5), p99_ms, most_ms, percentile(all.late_ms, 1.0));
  std::printf("; a hot window with its features %.2f ms\n", hot_ms);
  const bool late = alone && settings.rate_hz == model.recipe.rate_hz && p99_ms > kMostP99Ms &&
                    p99_ms > kMostP99Windows * hot_ms;
  const bool holds = !all.late_ms.empty() && p99_ms < most_ms && all.skipped == 0 && all.lost_samples == 0 &&
                     all.gated == 0 && (!many || core_ms < kMostCoreMs) && one.resident_mb < kMostMbOfOne &&
                     further_mb < kMostMbOfFurther && !late;
  return holds ? 0 : 1;
}
