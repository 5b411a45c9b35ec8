#include "daemon/client/EndOnSignal.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>

#include "dsp/base/Terminal.h"

namespace earshot {
namespace {

bool has_colours = false;
std::atomic<const char*> words = nullptr;
static_assert(std::atomic<const char*>::is_always_lock_free, "read by a signal handler");

// Nothing here waits for more than a write: a companion keeps nothing that would have to be put in order.
void end(int signal) {
  // A line may have been on its way; its end would have set the colours back.
  if (const char* last_words = words) {
    [[maybe_unused]] const auto ignored = ::write(STDOUT_FILENO, last_words, std::strlen(last_words));
  } else if (has_colours) {
    [[maybe_unused]] const auto ignored = ::write(STDOUT_FILENO, "\x1b[0m", 4);
  }
  ::_exit(128 + signal);
}

}  // namespace

void end_on_signals() noexcept {
  has_colours = terminal_of(STDOUT_FILENO).colour;
  for (const int signal : std::array{SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = end;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // should the terminal not take the write
    ::sigaction(signal, &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_DFL);
}

void end_with(const char* last_words) noexcept {
  words = last_words;
}

}  // namespace earshot
