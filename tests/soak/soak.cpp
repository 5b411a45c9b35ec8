// soak: the real earshotd with sources of every kind, and everything that befalls them, for minutes or hours;
// at the end the books have to balance and nothing may have grown.
//
//   soak [--minutes M] [--seed N] [--outage-s S]... [--trace FILE]
//
// Exits 0 if all recovered without help and nothing is unexplained, 1 if not, 77 without PulseAudio.
// docs/soak.md.
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/capture/Source.h"
#include "tests/daemon/NetworkOfItsOwn.h"
#include "tests/soak/Fault.h"
#include "tests/soak/Household.h"
#include "tests/soak/Report.h"
#include "tests/soak/Resources.h"
#include "tests/soak/Schedule.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCalm = 3s;              // after the last fault, before the final look
constexpr std::chrono::milliseconds kMoments = 1500ms;  // of that look
constexpr std::chrono::seconds kEnding = 17s;  // of the time that is given: the calm, the stop, the report
constexpr std::chrono::seconds kOvertime = 90s;
constexpr std::chrono::milliseconds kBetweenKills = 20s;
constexpr double kKills = 0.4;  // of the time; the rest is one life's, so that what grows can be seen
constexpr int kClients = 4;
constexpr std::size_t kLinesOfFault = 4;
constexpr std::size_t kLinesOfLife = 50;
constexpr double kMostGrowthMbPerH = 10.0;
constexpr std::chrono::minutes kMeasurable = 20min;  // of a soak: in less a slope says nothing

struct Options {
  double minutes = 3.0;
  std::uint64_t seed = 1;
  std::vector<std::chrono::seconds> outages;
  std::string trace;
};

/// Ends a soak that hangs, whatever hangs: once `limit` is over, and with exit code 1.
class Bound {
 public:
  explicit Bound(Clock::duration limit)
      : thread_([limit](const std::stop_token& stop) {
          if (!sleep_for(stop, limit)) return;
          std::cout << "soak: not over in time" << std::endl;
          for (const pid_t each : descendants(::getpid())) ::kill(each, SIGKILL);
          std::_Exit(1);
        }) {}

 private:
  std::jthread thread_;
};

void await_all(Household& household, Clock::time_point end) {
  const auto now = BootClock::now();
  for (const std::string& source : household.sources()) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(end - Clock::now());
    household.witness().await_recovery(source, now, now, false, std::max(left, 1s));
  }
}

std::optional<Taken> look(Household& household) {
  const std::shared_lock no_start(household.starts(), std::try_to_lock);
  return no_start ? look_at(household.pid()) : std::nullopt;
}

// A moment of it at which no action runs and no page is asked for: the one with the fewest descriptors.
std::optional<Taken> look_calmly(Household& household) {
  await_all(household, Clock::now() + 30s);
  std::this_thread::sleep_for(kCalm);
  std::optional<Taken> calmest;
  for (const auto until = Clock::now() + kMoments; Clock::now() < until; std::this_thread::sleep_for(20ms)) {
    const std::optional<Taken> taken = look(household);
    if (taken && (!calmest || taken->descriptors < calmest->descriptors)) calmest = taken;
  }
  return calmest;
}

// What tells of the daemon besides the stream has to say the same.
void hold_outlets(Household& household) {
  household.pages().hold_sources(household.sources());
  if (auto& broker = household.outlets().broker()) broker->hold_states(household.sources());
}

// Of the process that was there at the end.
std::vector<Taken> last_half(std::vector<Taken> samples, const Taken& end) {
  std::erase_if(samples, [&](const Taken& each) { return each.pid != end.pid; });
  samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2));
  return samples;
}

void judge(const Report& report, Findings& findings) {
  std::size_t faults = 0;
  for (const auto& [name, tally] : report.faults) {
    faults += tally.begun;
    if (tally.recovered != tally.begun)
      findings.add(name + ": recovered " + std::to_string(tally.recovered) + " of " +
                   std::to_string(tally.begun) + " times");
  }
  const std::size_t most_lines = kLinesOfFault * faults + kLinesOfLife * report.told.lives;
  if (report.log.lines > most_lines)
    findings.add("log: " + std::to_string(report.log.lines) + " lines, of so many faults " +
                 std::to_string(most_lines) + " at most");
  if (report.begin && report.end) {
    if (report.end->threads != report.begin->threads)
      findings.add("the number of threads is another one at the end");
    if (report.end->descriptors != report.begin->descriptors)
      findings.add("the number of descriptors is another one at the end");
    if (report.end->helpers != report.begin->helpers)
      findings.add("the number of helpers is another one at the end");
  } else {
    findings.add("earshotd could not be looked at");
  }
  if (report.memory_mb_per_h.value_or(0.0) > kMostGrowthMbPerH) findings.add("earshotd's memory grows");
}

int run(const Options& options) {
  const auto begin = Clock::now();
  const auto time = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::ratio<60>>(options.minutes));
  const auto end = begin + time - kEnding;
  const Bound bound(time + kOvertime);
  Report report;
  report.minutes = options.minutes;
  report.seed = options.seed;
  Trace trace(options.trace);
  Findings findings(trace);
  const test::NetworkOfItsOwn network;  // before all threads: they are in it
  Household household(options.seed, network.there(), findings, trace);
  household.start();
  report.begin = look_calmly(household);
  Resources resources([&] {
    const std::optional<Taken> taken = look(household);
    if (taken) trace.line(to_text(*taken));
    return taken;
  });

  Schedule schedule(options.seed, findings, trace);
  for (auto& victims : {microphone_faults(household, options.outages),
                        sender_faults(household, options.outages), program_faults(household),
                        daemon_faults(household), outlet_faults(household), tls_faults(household)}) {
    for (const Victim& victim : victims) schedule.add(victim, end);
  }
  for (int client = 1; client <= kClients; ++client) schedule.add(client_faults(household, client), end);
  const auto kills_end = begin + std::chrono::duration_cast<Clock::duration>(kKills * time);
  schedule.add({"earshotd", kBetweenKills, {killing(household)}}, kills_end);
  schedule.wait();

  report.end = look_calmly(household);
  hold_outlets(household);
  {
    const std::unique_lock alone(household.starts());
    household.stop();
  }
  if (report.end && time >= kMeasurable) {
    const std::vector<Taken> samples = last_half(resources.samples(), *report.end);
    const auto grows = [&](auto value) {
      return slope_per_h(samples, [&](const Taken& taken) { return static_cast<double>(taken.*value); });
    };
    report.memory_mb_per_h = grows(&Taken::daemon_mb);
    report.helpers_mb_per_h = grows(&Taken::helpers_mb);
    report.threads_per_h = grows(&Taken::threads);
    report.descriptors_per_h = grows(&Taken::descriptors);
  }
  report.faults = schedule.tallies();
  report.told = household.witness().totals();
  report.books = household.books_apart();
  report.log = household.log_totals();
  report.events = household.events().count();
  report.tls = network.there();
  if (const auto& broker = household.outlets().broker()) report.mqtt = broker->totals();
  report.actions = household.outlets().totals();
  report.pages = household.pages().totals();
  judge(report, findings);
  report.unexplained = findings.lines();
  print(report, std::cout);
  return findings.count() == 0 ? 0 : 1;
}

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size();
}

// Nothing for what is not understood.
std::optional<Options> parse(std::vector<std::string_view> arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    long long outage_s = 0;
    if (arguments[i] == "--minutes" && read(arguments[i + 1], options.minutes) && options.minutes >= 1.0)
      continue;
    if (arguments[i] == "--trace") {
      options.trace = arguments[i + 1];
      continue;
    }
    if (arguments[i] == "--seed" && read(arguments[i + 1], options.seed)) continue;
    if (arguments[i] != "--outage-s" || !read(arguments[i + 1], outage_s) || outage_s < 1)
      return std::nullopt;
    options.outages.emplace_back(outage_s);
  }
  if (arguments.size() % 2 != 0) return std::nullopt;
  if (options.outages.empty()) options.outages = {1s, 5s, 60s};
  return options;
}

}  // namespace
}  // namespace earshot::soak

int main(int argc, char** argv) {
  using namespace earshot;
  ::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  try {
    if (argc == 5 && arguments[0] == "--camera")
      return soak::run_camera(std::strtoull(argv[2], nullptr, 10), argv[3], argv[4]);
    const std::optional<soak::Options> options = soak::parse(arguments);
    if (!options) {
      std::fputs("usage: soak [--minutes M] [--seed N] [--outage-s S]... [--trace FILE]\n", stderr);
      return 64;
    }
    if (!test::PulseServer::is_installed()) {
      std::puts("skipped: pulseaudio and paplay are not installed");
      return 77;
    }
    return soak::run(*options);
  } catch (const std::exception& error) {
    std::cerr << "soak: " << error.what() << '\n';
    return 1;
  }
}
