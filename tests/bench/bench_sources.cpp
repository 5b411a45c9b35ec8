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
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "nn/model/Model.h"
#include "tests/bench/HotWindow.h"
#include "tests/bench/LiveDaemon.h"
#include "tests/bench/Measuring.h"

namespace {

using namespace earshot;
using bench::LiveResult;
using bench::percentile;

constexpr double kMostCoreMs = 6.0;
constexpr double kMostMbOfOne = 90.0;
constexpr double kMostMbOfFurther = 1.5;
constexpr double kMostP99Ms = 15.0;
constexpr double kMostP99Windows = 4.0;

constexpr std::size_t kFew = 16;
double most_late_ms(std::size_t sources) {
  if (sources == 1) return 30.0;
  return sources <= kFew ? 70.0 : 2000.0;
}

}  // namespace

int main(int argc, char** argv) {
  bench::LiveSettings settings{.sources = 200, .more = {}};
  if (argc < 2) {
    std::fputs("usage: bench_sources MODEL [sources] [seconds] [rate_hz] [hop_s] [block_ms]\n", stderr);
    return 64;
  }
  if (argc > 2) settings.sources = std::strtoul(argv[2], nullptr, 10);
  if (argc > 3) settings.time = std::chrono::seconds(std::atoi(argv[3]));
  if (argc > 4) settings.rate_hz = std::atoi(argv[4]);
  if (argc > 5) settings.hop_s = std::atof(argv[5]);
  if (argc > 6) settings.block = std::chrono::milliseconds(std::atoi(argv[6]));
  const Model model = load_model(argv[1]);
  const double hot_ms = 1e3 * bench::hot_window_s(model, settings.hop_s);
  const bool alone = settings.sources == 1;
  bench::LiveSettings few = settings;
  few.sources = 1;
  if (!alone) few.time = std::chrono::seconds(5);
  const LiveResult one = bench::measure_live(few, model);
  const LiveResult all = alone ? one : bench::measure_live(settings, model);
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
