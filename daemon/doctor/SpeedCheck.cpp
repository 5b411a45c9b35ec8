#include "daemon/doctor/SpeedCheck.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

constexpr double kLateS = 3.0;  // a window and what it takes are below 2 s

bool runs_with_avx2() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx2") > 0;
#else
  return true;
#endif
}

}  // namespace

Findings speed_findings(const DaemonWord& word, const Processors& processors) {
  const std::string cores =
      fmt::format("{} cores{}", processors.count, processors.has_avx2 ? "" : " without AVX2");
  if (!word.heartbeat) return {found_ok(cores + "; no daemon to ask whether they keep up")};
  double lag_s = 0.0;
  std::uint64_t skipped = 0;
  std::string slowest;
  for (const HeardSource& each : word.sources) {
    skipped += each.skipped_windows;
    if (each.state != "up" || std::isnan(each.lag_s) || each.lag_s < lag_s) continue;
    lag_s = each.lag_s;
    slowest = each.name;
  }
  const std::string text =
      fmt::format("{}; lag {:.1f} s, {} windows skipped in {:.0f} s", cores, lag_s, skipped, word.uptime_s);
  if (lag_s <= kLateS && skipped == 0) return {found_ok(text)};
  const std::string mend =
      std::string("[window] hop_s = \"auto\", fewer sources, or see what else computes: top") +
      (processors.has_avx2 ? "" : "; processors with AVX2 are much faster here");
  if (lag_s > kLateS) return {found_wrong(text + ", most of " + slowest, mend)};
  return {found_doubtful(text, mend)};
}

Findings check_speed(const Patient& patient) {
  return speed_findings(patient.word, {.count = std::max(std::thread::hardware_concurrency(), 1U),
                                       .has_avx2 = runs_with_avx2()});
}

}  // namespace earshot
