#include "daemon/client/LiveTerminal.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "daemon/client/EndOnSignal.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

// DECSET 1049: the second screen, cleared, and the cursor's place kept for the return; DECTCEM (25): the cursor.
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";
constexpr const char* kLeave = "\x1b[0m\x1b[?25h\x1b[?1049l";

std::atomic<int> screen_descriptor = -1;  // for the signal handler
std::atomic<bool> was_stopped = false;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void watch_for_stop() noexcept;

// Ctrl-Z: the terminal is the shell's until SIGCONT, after which raise() returns.
void stop(int signal) {
  const int error = errno;
  [[maybe_unused]] const auto left = ::write(screen_descriptor, kLeave, std::strlen(kLeave));
  ::raise(signal);
  watch_for_stop();
  [[maybe_unused]] const auto entered = ::write(screen_descriptor, kEnter, std::strlen(kEnter));
  was_stopped = true;
  errno = error;
}

void watch_for_stop() noexcept {
  struct sigaction action {};
  action.sa_handler = stop;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  ::sigaction(SIGTSTP, &action, nullptr);
}

}  // namespace

LiveTerminal::LiveTerminal(const Terminal& terminal) : terminal_(terminal) {
  screen_descriptor = terminal_.descriptor;
  was_stopped = false;
  last_words_[0] = kLeave;
  end_with(kLeave);
  struct sigaction before {};
  if (::sigaction(SIGTSTP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) watch_for_stop();
  write(kEnter);
}

LiveTerminal::~LiveTerminal() {
  struct sigaction now {};
  if (::sigaction(SIGTSTP, nullptr, &now) == 0 && now.sa_handler == stop) std::signal(SIGTSTP, SIG_DFL);
  const std::string& words = last_words_[words_];
  [[maybe_unused]] const auto ignored = ::write(terminal_.descriptor, words.data(), words.size());
  end_with(nullptr);
}

void LiveTerminal::draw(const std::vector<std::string>& rows) {
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < rows.size(); ++i) text += rows[i] + (i + 1 < rows.size() ? "\x1b[K\r\n" : "\x1b[K");
  // Below is nothing; the cursor goes home, so that what is typed scrolls nothing.
  text += "\x1b[J\x1b[H";
  const int columns_before = std::exchange(columns_, terminal_.columns());
  const int rows_before = std::exchange(rows_, terminal_.rows());
  const bool resized = columns_before != columns_ || rows_before != rows_;
  if (!was_stopped.exchange(false) && !resized && text == drawn_) return;
  std::string& words = last_words_[1 - words_];
  words = kLeave;
  for (const std::string& row : rows) {
    if (!row.empty()) words += row + "\r\n";
  }
  end_with(words.c_str());
  words_ = 1 - words_;
  write(resized ? "\x1b[2J" + text : text);
  drawn_ = std::move(text);
}

void LiveTerminal::write(const std::string& text) const {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(terminal_.descriptor, text.data() + done, text.size() - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd writable{terminal_.descriptor, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      throw Error(ExitCode::io, "standard output: cannot write");
    }
  }
}

}  // namespace earshot
