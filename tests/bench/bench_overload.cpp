// bench_overload: twice as many windows as the machine can classify, of sources of every kind: what lags, who
// is skipped.
//
//   bench_overload [seconds] [MODEL]
//   bench_overload --speak               what its commands run: noise, as fast as time goes by
//
// Microphones are left out, and named, where PulseAudio is not installed.
// Exits 1 unless each heartbeat's lag is under two windows, sources skip within 10 % of each other, windows
// are skipped at all, and memory does not grow by 5 %.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/Model.h"
#include "tests/bench/HotWindow.h"
#include "tests/bench/LiveSenders.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/Daemon.h"
#include "tests/daemon/PulseServer.h"
#include "tests/support/WavFile.h"

namespace {

using namespace earshot;
using namespace earshot::test;
using Clock = std::chrono::steady_clock;

constexpr double kHopS = 0.5;
constexpr double kFactor = 2.0;
constexpr std::size_t kFiles = 8;
constexpr std::size_t kCommands = 4;
constexpr std::size_t kMicrophones = 2;
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

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string source_table(const std::string& kind, std::size_t index, const std::string& keys) {
  return "[[source]]\nname = " + quoted(kind + std::to_string(index)) + "\nkind = " + quoted(kind) + '\n' +
         keys + '\n';
}

// s16le at 16 kHz on standard output until nobody reads it.
int speak() {
  constexpr std::chrono::milliseconds kBlock{50};
  KeyedRandom random(11);
  std::array<std::int16_t, 16 * kBlock.count()> samples;
  for (auto next = Clock::now();; next += kBlock) {
    std::this_thread::sleep_until(next);
    for (std::int16_t& sample : samples)
      sample = static_cast<std::int16_t>(random.uniform(-3'000.0, 3'000.0));
    if (::write(STDOUT_FILENO, samples.data(), sizeof samples) <= 0) return 0;
  }
}

// A FIFO that somebody speaks into. Open at both ends from the start, so that neither waits for the other.
class SpokenFifo {
 public:
  SpokenFifo(std::filesystem::path path, const std::string& program) : path_(std::move(path)) {
    ::mkfifo(path_.c_str(), 0600);
    ends_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    speaker_.emplace(std::vector<std::string>{program, "--speak"}, std::vector<std::string>{}, "/dev/null",
                     path_);
  }
  ~SpokenFifo() { ::close(ends_); }
  SpokenFifo(const SpokenFifo&) = delete;
  SpokenFifo& operator=(const SpokenFifo&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int ends_ = -1;
  std::optional<Child> speaker_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--speak") return speak();
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::chrono::seconds time(argc > 1 ? std::max(20, std::atoi(argv[1])) : 60);
  const Model model = load_model(argc > 2 ? argv[2] : EARSHOT_SOURCE_DIR "/config/esc10-v6.safetensors");
  const double window_s = static_cast<double>(model.recipe.window_samples) / model.recipe.rate_hz;
  const double hot_s = bench::hot_window_s(model, kHopS);
  const double most_windows_a_s = std::thread::hardware_concurrency() / hot_s;
  const std::size_t microphones = PulseServer::is_installed() ? kMicrophones : 0;
  const std::size_t others = kFiles + kCommands + microphones + 1;  // standard input
  const std::size_t sources = std::clamp<std::size_t>(
      static_cast<std::size_t>(kFactor * most_windows_a_s * kHopS), 2 * others, kMostSources);
  const std::size_t remotes = sources - others;

  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(440, 16'000, 160'000), 16'000);
  std::string configuration =
      "[window]\nhop_s = " + std::to_string(kHopS) +
      "\n[[source]]\nname = \"all\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = " +
      std::to_string(remotes) + "\n";
  for (std::size_t i = 0; i < kFiles; ++i)
    configuration +=
        source_table("file", i, "at_end = \"loop\"\npath = " + quoted((directory / "tone.wav").string()));
  for (std::size_t i = 0; i < kCommands; ++i)
    configuration +=
        source_table("command", i, "rate_hz = 16000\nargv = [" + quoted(program) + ", \"--speak\"]");
  configuration += source_table("stdin", 0, "rate_hz = 16000");
  PulseServer server("module-sine-source source_name=card.monitor rate=44100");
  if (microphones > 0) server.start();
  for (std::size_t i = 0; i < microphones; ++i) configuration += source_table("microphone", i, "");
  const SpokenFifo fifo(directory / "spoken", program);
  Daemon daemon(configuration, server.environment(), fifo.path(), model);
  StreamClient client = daemon.connect();
  client.send("{\"type\":\"subscribe\",\"types\":[\"clock\"]}\n");  // heartbeats come all the same
  Heartbeats heartbeats;
  std::jthread listening([&] { heartbeats.listen(std::move(client)); });
  bench::LiveSenders senders({.senders = remotes,
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
  if (skipped.size() != sources) std::printf("  only %zu sources were heard\n", skipped.size());
  const double spread = (most - least) / (sum / static_cast<double>(skipped.size()));
  if (microphones == 0) std::printf("pulseaudio and paplay are not installed: no microphones\n");
  std::printf(
      "%zu senders, %zu files, %zu commands, %zu microphones and standard input: %.0f windows a second where "
      "%u "
      "processors classify %.0f at most, %d s\n",
      remotes, kFiles, kCommands, microphones, static_cast<double>(sources) / kHopS,
      std::thread::hardware_concurrency(), most_windows_a_s, static_cast<int>(time.count()));
  std::printf("  worst lag of a heartbeat %8.2f s (below %.2f, two windows)\n", heartbeats.worst_lag_s(), 2.0 * window_s);
  std::printf("  skipped a source         %8.0f to %.0f windows, %.1f %% apart (below %.0f)\n", least, most, 100.0 * spread,
              100.0 * kMostSpread);
  std::printf("  resident                 %8.1f MB, then %.1f\n", before_mb, after_mb);
  const bool holds = heartbeats.worst_lag_s() < 2.0 * window_s && skipped.size() == sources && least > 0 &&
                     spread < kMostSpread && after_mb < kMostGrowth * before_mb;
  return holds ? 0 : 1;
}
