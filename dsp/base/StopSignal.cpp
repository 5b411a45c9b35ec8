#include "dsp/base/StopSignal.h"

#include <array>
#include <atomic>
#include <csignal>
#include <ctime>

namespace earshot {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

std::atomic<int> received_signal = 0;
std::atomic<long long> received_ns = 0;  // on the monotonic clock; written before received_signal
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<long long>::is_always_lock_free,
              "written by a signal handler");
std::array<struct sigaction, kSignals.size()> previous = {};

long long now_ns() noexcept {
  timespec now = {};
  // Async-signal-safe, as all that the handler calls (signal-safety(7)).
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Every other of the three waits while it runs.
void note(int signal) noexcept {
  const int first = received_signal;
  if (first == 0) {
    received_ns = now_ns();
    received_signal = signal;
    return;
  }
  if (signal == SIGHUP && first == SIGHUP && now_ns() - received_ns < 1'000'000'000) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // ends the program as soon as this returns
}

}  // namespace

StopSignal::StopSignal() noexcept {
  received_signal = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    const bool stays = kSignals[i] == SIGHUP && previous[i].sa_handler == SIG_IGN;
    if (!stays) sigaction(kSignals[i], &action, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous[i], nullptr);
}

int StopSignal::received() const noexcept {
  return received_signal;
}

}  // namespace earshot
