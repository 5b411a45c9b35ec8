// bench_clients: the stream's server with many clients, half of which never read: how far apart the others
// get the same line, and what of a core the server takes.
//
//   bench_clients [clients] [sources] [seconds]
//
// Server and clients share the processors. Exits 1 if the spread's p99 is above 20 ms, the server takes a
// core or more, or a client that reads missed a line.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/stream/StreamServer.h"
#include "tests/bench/Measuring.h"
#include "tests/daemon/StreamClient.h"

namespace {

using namespace earshot;
using namespace std::chrono_literals;
using bench::percentile;
using Clock = std::chrono::steady_clock;

constexpr double kMostSpreadMs = 20.0;
constexpr std::size_t kLabels = 521;
constexpr auto kHop = 480ms;
constexpr std::uint64_t kFill = 1500;  // lines that fill what the system and the server keep for a client

double cpu_s(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// When a line came to the first and to the last of those who read.
struct Arrival {
  Clock::time_point first = Clock::time_point::max();
  Clock::time_point last = Clock::time_point::min();
  std::size_t clients = 0;
};

/// All clients that read, on one thread.
class Readers {
 public:
  Readers(std::uint16_t port, std::size_t count, std::uint64_t lines)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)), arrivals_(lines + 1) {
    for (std::size_t i = 0; i < count; ++i) add(port);
  }
  ~Readers() { ::close(epoll_); }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// Until all have had the last line, or nothing has come for some seconds.
  void read() {
    std::vector<epoll_event> events(256);
    while (arrivals_.back().clients < clients_.size()) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 7000);
      if (ready <= 0) break;
      for (int i = 0; i < ready; ++i) take(events[static_cast<std::size_t>(i)].data.u64);
    }
  }

  /// Whether all have been greeted: what is published from then on is for all. Any thread.
  bool greeted() const noexcept { return greeted_.load(std::memory_order_acquire) == clients_.size(); }
  /// The seq that all have had. Any thread.
  std::uint64_t complete() const noexcept { return complete_.load(std::memory_order_acquire); }
  /// By seq.
  const std::vector<Arrival>& arrivals() const noexcept { return arrivals_; }

 private:
  void add(std::uint16_t port) {
    clients_.emplace_back(port);
    rests_.emplace_back();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = clients_.size() - 1;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, clients_.back().socket(), &event);
  }

  void take(std::size_t client) {
    char bytes[65536];
    const ssize_t count = ::recv(clients_[client].socket(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count <= 0) return;
    const Clock::time_point now = Clock::now();
    std::string& rest = rests_[client];
    rest.append(bytes, static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      note(std::string_view(rest).substr(begin, end - begin), now);
      begin = end + 1;
    }
    rest.erase(0, begin);
  }

  void note(std::string_view line, Clock::time_point now) {
    constexpr std::string_view kStart = "{\"type\":\"prediction\",\"seq\":";
    if (line.starts_with("{\"type\":\"hello\"")) greeted_.fetch_add(1, std::memory_order_release);
    if (!line.starts_with(kStart)) return;
    std::uint64_t seq = 0;
    std::from_chars(line.data() + kStart.size(), line.data() + line.size(), seq);
    Arrival& arrival = arrivals_.at(seq);
    arrival.first = std::min(arrival.first, now);
    arrival.last = std::max(arrival.last, now);
    if (++arrival.clients == clients_.size()) complete_.store(seq, std::memory_order_release);
  }

  int epoll_;
  std::vector<test::StreamClient> clients_;
  std::vector<std::string> rests_;
  std::vector<Arrival> arrivals_;  // by seq
  std::atomic<std::size_t> greeted_{0};
  std::atomic<std::uint64_t> complete_{0};
};

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t clients = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000;
  const std::size_t sources = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 8;
  const std::size_t seconds = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 20;
  raise_descriptor_limit();
  StreamSettings settings;
  settings.listen = {Endpoint{"127.0.0.1", 0}};
  settings.max_clients = clients;
  settings.stall_limit = 1h;  // those that never read stay
  StreamFacts facts{
      .model_name = "yamnet", .model_sha256 = "", .labels = {}, .several_labels = true, .sources = {}};
  for (std::size_t i = 0; i < kLabels; ++i)
    facts.labels.push_back("a label of usual length " + std::to_string(i));
  for (std::size_t i = 0; i < sources; ++i) facts.sources.push_back({"source " + std::to_string(i), "tcp"});
  Counters counters;
  UtcClock utc;
  StreamServer server(settings, facts, counters, utc);

  const std::size_t turns = seconds * 1000 / static_cast<std::size_t>(kHop.count());
  const std::uint64_t lines = kFill + turns * sources;
  const auto connecting = Clock::now();
  std::vector<test::StreamClient> stalled;
  for (std::size_t i = 0; i < clients / 2; ++i) stalled.emplace_back(server.port(), 4096);
  Readers readers(server.port(), clients - clients / 2, lines);
  std::jthread reading([&] { readers.read(); });
  while (!readers.greeted()) std::this_thread::sleep_for(1ms);
  const double connect_ms = std::chrono::duration<double, std::milli>(Clock::now() - connecting).count();

  std::vector<Prediction> windows(sources);
  for (std::size_t i = 0; i < sources; ++i) {
    windows[i].source = facts.sources[i].name;
    for (std::size_t k = 0; k < kLabels; ++k) {
      windows[i].scores.push_back(0.1234567F / static_cast<float>(1 + (k * 7 + i) % kLabels));
    }
  }
  for (std::uint64_t seq = 1; seq <= kFill; ++seq) {
    server.publish(windows[seq % sources]);
    while (readers.complete() + 20 < seq) std::this_thread::sleep_for(1ms);
  }
  while (readers.complete() < kFill) std::this_thread::sleep_for(1ms);

  // As from sources that began at any time: each has its place within the hop.
  clockid_t reader_clock{};
  ::pthread_getcpuclockid(reading.native_handle(), &reader_clock);
  const auto server_cpu_s = [&] {
    return cpu_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s(CLOCK_THREAD_CPUTIME_ID) - cpu_s(reader_clock);
  };
  const double cpu_before_s = server_cpu_s();
  const auto begin = Clock::now();
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (std::size_t i = 0; i < sources; ++i) {
      std::this_thread::sleep_until(begin + kHop * turn + kHop * i / sources);
      server.publish(windows[i]);
    }
  }
  const double core =
      (server_cpu_s() - cpu_before_s) / std::chrono::duration<double>(Clock::now() - begin).count();
  reading.join();

  std::vector<double> spread_ms;
  std::size_t missed = 0;
  for (std::uint64_t seq = kFill + 1; seq <= lines; ++seq) {
    const Arrival& arrival = readers.arrivals()[seq];
    missed += clients - clients / 2 - arrival.clients;
    if (arrival.clients == 0) continue;
    spread_ms.push_back(std::chrono::duration<double, std::milli>(arrival.last - arrival.first).count());
  }
  std::printf(
      "%zu clients greeted after %.0f ms, half read, %.1f lines/s: the same line within p50 %.1f ms, p99 "
      "%.1f "
      "ms, most "
      "%.1f ms (p99 at most %.0f); server %.1f %% of a core (at most 100); %zu lines missed\n",
      clients, connect_ms, static_cast<double>(sources) * 1000.0 / static_cast<double>(kHop.count()),
      percentile(spread_ms, 0.5), percentile(spread_ms, 0.99), percentile(spread_ms, 1.0), kMostSpreadMs,
      100.0 * core, missed);
  return percentile(spread_ms, 0.99) <= kMostSpreadMs && core < 1.0 && missed == 0 ? 0 : 1;
}
