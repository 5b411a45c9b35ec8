// bench_ready: how long the daemon takes to READY with two microphones, whatever the sound servers do.
//
//   bench_ready MODEL [rounds]
//
// From exec to the word, medians of some starts of each kind, in turns. Exits 1 if one is above 0.3 s.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "nn/model/Model.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/Daemon.h"
#include "tests/daemon/PulseServer.h"

namespace {

using namespace earshot;

constexpr double kMostSeconds = 0.3;

struct Mode {
  std::string name;
  std::function<void(test::PulseServer&)> prepare;
  std::vector<double> seconds;
};

double ready_after_s(const Model& model, const test::PulseServer& server) {
  std::string sources;
  for (const std::string name : {"one", "other"})
    sources += "[[source]]\nname = \"" + name + "\"\nkind = \"microphone\"\n";
  const test::Daemon daemon(sources, server.environment(), "/dev/null", model);
  return std::chrono::duration<double>(daemon.ready_after()).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (argc < 2 || rounds < 1) {
    std::fputs("usage: bench_ready MODEL [rounds, at least 1]\n", stderr);
    return 64;
  }
  const Model model = load_model(argv[1]);
  std::vector<Mode> modes;
  modes.push_back({"no sound server", [](test::PulseServer&) {}, {}});
  if (test::PulseServer::is_installed()) {
    modes.push_back({"a server that works", [](test::PulseServer& server) { server.start(); }, {}});
    modes.push_back(
        {"a frozen server", [](test::PulseServer& server) { server.start(), server.freeze(); }, {}});
    modes.push_back(
        {"a dead socket", [](test::PulseServer& server) { server.start(), server.leave_dead_socket(); }, {}});
  } else {
    std::printf("pulseaudio and paplay are not installed: no sound server is all that is tried\n");
  }
  for (int round = 0; round < rounds; ++round) {
    for (Mode& mode : modes) {
      test::PulseServer server;
      mode.prepare(server);
      mode.seconds.push_back(ready_after_s(model, server));
    }
  }
  bool holds = true;
  for (const Mode& mode : modes) {
    const double median_s = bench::median(mode.seconds);
    std::printf("READY with %-20s %.3f s (at most %.1f), the slowest of %d %.3f\n", mode.name.c_str(),
                median_s, kMostSeconds, rounds, bench::percentile(mode.seconds, 1.0));
    holds = holds && median_s <= kMostSeconds;
  }
  return holds ? 0 : 1;
}
