#include "dsp/base/StopSignal.h"

#include <atomic>
#include <csignal>

namespace earshot {
namespace {

std::atomic<int> received_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "written by a signal handler");
struct sigaction previous_interrupt = {};
struct sigaction previous_terminate = {};

}  // namespace

StopSignal::StopSignal() noexcept {
  received_signal = 0;
  struct sigaction note = {};
  note.sa_handler = [](int signal) { received_signal = signal; };
  note.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &note, &previous_interrupt);
  sigaction(SIGTERM, &note, &previous_terminate);
}

StopSignal::~StopSignal() {
  sigaction(SIGINT, &previous_interrupt, nullptr);
  sigaction(SIGTERM, &previous_terminate, nullptr);
}

int StopSignal::received() const noexcept {
  return received_signal;
}

}  // namespace earshot
