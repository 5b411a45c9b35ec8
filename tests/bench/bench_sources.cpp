// bench_sources: one daemon, many TCP senders in real time: what a second of sound costs, what a source takes of memory,
// what is skipped, and how late lines are.
//
//   bench_sources MODEL [sources] [seconds] [rate_hz] [hop_s]
//
// The senders run beside the daemon on the same processors. Exits 1 if a window was skipped or lost or its line came more
// than 2 s late (p99): then the sources are too many; if a second of sound takes 6 ms of a core or more, one source 90 MB or a further one 1.5 MB; with one source at the model's own rate
// if p99 is above both 15 ms and four times a hot window.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "dsp/base/KeyedRandom.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/inference/Classifier.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/Daemon.h"

namespace {

using earshot::bench::percentile;
using earshot::bench::resident_mb;

using namespace earshot;
using namespace earshot::test;
using Clock = std::chrono::steady_clock;

constexpr int kTurnMs = 20;
constexpr double kMostCoreMs = 6.0;
constexpr double kMostMbOfOne = 90.0;
constexpr double kMostMbOfFurther = 1.5;
constexpr double kMostLateMs = 2000.0;
constexpr double kMostP99Ms = 15.0;
constexpr double kMostP99Windows = 4.0;

struct Settings {
  std::string model;
  int sources = 150;
  int seconds = 60;
  int rate_hz = 44'100;
  std::string hop_s = "0.48";
};

// Of all its threads, user and system.
double core_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  std::istringstream fields(text.str().substr(text.str().rfind(')') + 2));
  std::string field;
  double ticks = 0.0;
  for (int i = 3; fields >> field; ++i) {
    if (i == 14 || i == 15) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Result {
  double resident_mb = 0.0;
  double core_ms = 0.0;  // for a second of one source's sound
  std::size_t predictions = 0;
  std::uint64_t skipped = 0;
  std::uint64_t lost_samples = 0;
  std::vector<double> late_ms;  // from a window's last sample on its way to its line here
};

std::string sources_toml(const Settings& settings, int sources) {
  std::string text = "[window]\nhop_s = " + settings.hop_s + "\n[gate]\nlevel_dbfs = -100.0\n";
  for (int i = 0; i < sources; ++i)
    text += "[[source]]\nname = \"s" + std::to_string(i) + "\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nrate_hz = " +
            std::to_string(settings.rate_hz) + "\n";
  return text;
}

Result run(const Settings& settings, const Model& model, int sources, int seconds) {
  Daemon daemon(sources_toml(settings, sources), {}, "/dev/null", model);
  StreamClient client = daemon.subscribe();
  std::vector<StreamClient> senders;
  for (int i = 0; i < sources; ++i) senders.push_back(daemon.connect_sender("s" + std::to_string(i)));

  Result result;
  const std::size_t chunk_samples = static_cast<std::size_t>(settings.rate_hz) * kTurnMs / 1000;
  // Sources begin one after the other within a hop: as strangers would.
  const auto start = Clock::now() + std::chrono::milliseconds(200);
  const int hop_turns = std::max(1, static_cast<int>(std::stod(settings.hop_s) * 1000.0 / kTurnMs));
  const auto first_turn = [&](int source) { return source % hop_turns; };
  struct Arrival {
    int source;
    std::uint64_t end_sample;
    Clock::time_point moment;
  };
  std::vector<Arrival> arrivals;
  std::jthread reader([&] {
    for (;;) {
      const auto line = client.line();
      const Clock::time_point now = Clock::now();
      if (!line) return;
      const auto message = boost::json::parse(*line).as_object();
      const auto type = message.at("type").as_string();
      if (type == "bye") return;
      if (type == "gap") {
        if (const auto* windows = message.if_contains("windows")) result.skipped += windows->to_number<std::uint64_t>();
        result.lost_samples += message.at("samples").to_number<std::uint64_t>();
      }
      if (type != "prediction") continue;
      ++result.predictions;
      arrivals.push_back({std::atoi(message.at("source").as_string().c_str() + 1),
                          message.at("end_sample").to_number<std::uint64_t>(), now});
    }
  });

  KeyedRandom random(3);
  std::vector<std::int16_t> noise(static_cast<std::size_t>(settings.rate_hz));
  for (std::int16_t& sample : noise) sample = static_cast<std::int16_t>(random.uniform(-3000.0, 3000.0));
  const double before_s = core_seconds(daemon.child().pid());
  const int turns = seconds * 1000 / kTurnMs;
  std::vector<Clock::time_point> sent;  // by turn
  for (int turn = 0; turn < turns; ++turn) {
    std::this_thread::sleep_until(start + std::chrono::milliseconds(kTurnMs) * (turn + 1));
    sent.push_back(Clock::now());
    for (int i = 0; i < sources; ++i) {
      if (turn < first_turn(i)) continue;
      const std::size_t from = (static_cast<std::size_t>(turn) * chunk_samples) % (noise.size() - chunk_samples);
      senders[static_cast<std::size_t>(i)].send(
          {reinterpret_cast<const char*>(&noise[from]), chunk_samples * sizeof(std::int16_t)});
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  result.resident_mb = resident_mb(daemon.child().pid());
  result.core_ms = (core_seconds(daemon.child().pid()) - before_s) * 1e3 / (sources * static_cast<double>(seconds));
  daemon.child().send_signal(SIGTERM);
  daemon.child().wait();
  reader.join();
  for (const Arrival& arrival : arrivals) {
    const double end_s = static_cast<double>(arrival.end_sample) / model.recipe.rate_hz;
    const auto chunks = static_cast<std::size_t>(std::ceil(end_s * 1000.0 / kTurnMs - 1e-6));
    const std::size_t turn = static_cast<std::size_t>(first_turn(arrival.source)) + chunks - 1;
    if (turn >= sent.size()) continue;
    result.late_ms.push_back(std::chrono::duration<double, std::milli>(arrival.moment - sent[turn]).count());
  }
  return result;
}

// Features and scores of a window, again and again.
double hot_window_ms(const Model& model, double hop_s) {
  FeatureExtractor extractor(model.recipe);
  Classifier classifier(model, 1);
  const std::uint64_t hop = static_cast<std::uint64_t>(hop_s * model.recipe.rate_hz);
  std::vector<float> samples(model.recipe.window_samples + 100 * hop);
  KeyedRandom random(5);
  for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.1, 0.1));
  std::vector<float> features(model.recipe.shape().size());
  std::vector<float> scores(model.labels.size());
  std::vector<double> times;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto begin = Clock::now();
    extractor.extract_window(std::span(samples).subspan(i * hop, model.recipe.window_samples), i * hop, features);
    if (!classifier.classify(features, scores)) std::abort();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  return percentile(times, 0.5);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (argc < 2) {
    std::fputs("usage: bench_sources MODEL [sources] [seconds] [rate_hz] [hop_s]\n", stderr);
    return 64;
  }
  settings.model = argv[1];
  if (argc > 2) settings.sources = std::atoi(argv[2]);
  if (argc > 3) settings.seconds = std::atoi(argv[3]);
  if (argc > 4) settings.rate_hz = std::atoi(argv[4]);
  if (argc > 5) settings.hop_s = argv[5];
  const Model model = load_model(settings.model);
  const double hot_ms = hot_window_ms(model, std::stod(settings.hop_s));
  const bool alone = settings.sources == 1;
  const Result one = run(settings, model, 1, alone ? settings.seconds : 5);
  const Result all = alone ? one : run(settings, model, settings.sources, settings.seconds);
  const double further_mb = alone ? 0.0 : (all.resident_mb - one.resident_mb) / (settings.sources - 1);
  const double p99_ms = percentile(all.late_ms, 0.99);
  std::printf("%d sources at %d Hz, a window each %s s, %d s on %u processors\n", settings.sources, settings.rate_hz,
              settings.hop_s.c_str(), settings.seconds, std::thread::hardware_concurrency());
  std::printf("  a second of sound        %8.2f ms of a core (below %.0f)\n", all.core_ms, kMostCoreMs);
  std::printf("  windows                  %8zu, skipped %llu, samples lost %llu\n", all.predictions,
              static_cast<unsigned long long>(all.skipped), static_cast<unsigned long long>(all.lost_samples));
  std::printf("  resident with one source %8.1f MB (below %.0f)", one.resident_mb, kMostMbOfOne);
  if (!alone) std::printf(", each further one %.2f MB (below %.1f)", further_mb, kMostMbOfFurther);
  std::printf("\n  last sample to line      %8.1f ms p50, %.1f p99, %.1f at most", percentile(all.late_ms, 0.5), p99_ms,
              percentile(all.late_ms, 1.0));
  std::printf("; a hot window with its features %.2f ms\n", hot_ms);
  const bool late = alone && settings.rate_hz == model.recipe.rate_hz && p99_ms > kMostP99Ms &&
                    p99_ms > kMostP99Windows * hot_ms;
  const bool holds = p99_ms < kMostLateMs && all.skipped == 0 && all.lost_samples == 0 && all.core_ms < kMostCoreMs &&
                     one.resident_mb < kMostMbOfOne && further_mb < kMostMbOfFurther && !late;
  return holds ? 0 : 1;
}
