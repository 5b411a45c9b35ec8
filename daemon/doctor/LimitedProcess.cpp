#include "daemon/doctor/LimitedProcess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <optional>
#include <system_error>

#include "daemon/capture/HelperProcess.h"
#include "daemon/capture/Pipe.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

using LimitClock = std::chrono::steady_clock;

constexpr std::size_t kMostToldBytes = 1 << 20;
constexpr std::chrono::milliseconds kLastBreath{200};  // of one that was killed: its driver may hold it
constexpr int kNoSuchProgram = 127;                    // as shells have it

std::chrono::milliseconds left_until(LimitClock::time_point until) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(until - LimitClock::now()),
                  std::chrono::milliseconds(0));
}

// Whether its end has come before `until`.
bool read_to_end(int input, LimitClock::time_point until, std::string& text) {
  std::array<char, 4096> bytes;
  for (;;) {
    pollfd ready{input, POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(left_until(until).count()));
    if (count == 0) return false;
    if (count < 0 && errno == EINTR) continue;
    const ssize_t got = count < 0 ? -1 : ::read(input, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    text.append(bytes.data(), std::min(static_cast<std::size_t>(got), kMostToldBytes - text.size()));
  }
}

[[noreturn]] void work_and_end(const std::function<void(int)>& work, int output, pid_t parent) noexcept {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it has died meanwhile
  try {
    work(output);
  } catch (const std::exception&) {
    ::_exit(static_cast<int>(ExitCode::software));
  }
  ::_exit(0);
}

}  // namespace

Told run_within(std::chrono::milliseconds limit, const std::function<void(int output)>& work) {
  const LimitClock::time_point until = LimitClock::now() + limit;
  Pipe pipe;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0)
    throw Error(ExitCode::unavailable, "cannot start a process: " + std::generic_category().message(errno));
  if (child == 0) work_and_end(work, pipe.writing(), parent);
  ::setpgid(child, child);  // whoever comes first
  pipe.close_writing();
  Told told;
  told.in_time = read_to_end(pipe.reading(), until, told.text);
  if (const auto status = told.in_time ? status_within(child, left_until(until)) : std::nullopt) {
    told.status = *status;
  } else {
    told.in_time = false;
  }
  ::kill(-child, SIGKILL);
  if (!told.in_time) status_within(child, kLastBreath);
  return told;
}

Told program_within(std::chrono::milliseconds limit, const std::vector<std::string>& argv) {
  return run_within(limit, [&](int output) {
    std::vector<std::string> words = argv;
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::setenv("LC_ALL", "C", 1);
    ::execvp(pointers.front(), pointers.data());
    ::_exit(kNoSuchProgram);
  });
}

}  // namespace earshot
