#include "tests/bench/LiveDaemon.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <utility>

#include <boost/json.hpp>

#include "tests/bench/LiveSenders.h"
#include "tests/bench/Measuring.h"

namespace earshot::bench {
namespace {

using test::Daemon;
using test::StreamClient;
using Clock = std::chrono::steady_clock;

// Of all its threads, user and system.
double core_seconds(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  ::clock_getcpuclockid(pid, &clock);
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// What the client hears until the daemon leaves.
class Listener {
 public:
  struct Arrival {
    std::size_t source;
    std::uint64_t end_sample;
    Clock::time_point moment;
  };

  explicit Listener(StreamClient client) : client_(std::move(client)) {}

  void listen(LiveResult& result) {
    for (;;) {
      const auto line = client_.line();
      const Clock::time_point now = Clock::now();
      if (!line) return;
      const auto message = boost::json::parse(*line).as_object();
      const auto type = message.at("type").as_string();
      if (type == "bye") return;
      if (type == "gap") take_gap(message, result);
      if (type == "heartbeat") take_heartbeat(message, result);
      if (type == "event") result.events += message.at("phase").as_string() == "start";
      if (type != "prediction") continue;
      ++result.predictions;
      result.gated += message.at("gated").as_bool();
      arrivals_.push_back({std::strtoul(message.at("source").as_string().c_str() + 1, nullptr, 10),
                           message.at("end_sample").to_number<std::uint64_t>(), now});
    }
  }

  const std::vector<Arrival>& arrivals() const noexcept { return arrivals_; }

 private:
  static void take_gap(const boost::json::object& message, LiveResult& result) {
    if (const auto* windows = message.if_contains("windows"))
      result.skipped += windows->to_number<std::uint64_t>();
    result.lost_samples += message.at("samples").to_number<std::uint64_t>();
  }
  static void take_heartbeat(const boost::json::object& message, LiveResult& result) {
    for (const auto& source : message.at("sources").as_array()) {
      const auto* lag_s = source.as_object().if_contains("lag_s");
      if (lag_s && lag_s->is_number()) result.lag_s = std::max(result.lag_s, lag_s->to_number<double>());
    }
  }

  StreamClient client_;
  std::vector<Arrival> arrivals_;
};

}  // namespace

LiveResult measure_live(const LiveSettings& settings, const Model& model) {
  Daemon daemon("[window]\nhop_s = " + std::to_string(settings.hop_s) +
                    "\n[[source]]\nname = \"all\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = " +
                    std::to_string(settings.sources) + "\n" + settings.more,
                {}, "/dev/null", model, settings.listen);
  Listener listener(daemon.subscribe());
  LiveSenders senders({.senders = settings.sources,
                       .rate_hz = settings.rate_hz,
                       .block = settings.block,
                       .spread = std::chrono::milliseconds(static_cast<int>(settings.hop_s * 1e3))},
                      daemon.sender_port("all"));
  LiveResult result;
  result.sound = senders.what();
  std::jthread listening([&] { listener.listen(result); });
  std::shared_ptr<void> beside = settings.beside ? settings.beside(daemon) : nullptr;

  const double daemon_before_s = core_seconds(daemon.child().pid());
  const double others_before_s = core_seconds(::getpid());
  senders.run(settings.time);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const double seconds = static_cast<double>(settings.time.count());
  result.resident_mb = resident_mb(daemon.child().pid());
  result.core = (core_seconds(daemon.child().pid()) - daemon_before_s) / seconds;
  result.others_core = (core_seconds(::getpid()) - others_before_s) / seconds;
  beside.reset();
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

}  // namespace earshot::bench
