#include "daemon/capture/CommandKeeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTermed{500};
constexpr std::chrono::milliseconds kKilled{200};
constexpr int kNotStarted = 127;  // as a shell has it
constexpr int kInput = 3;

sigset_t only(int signal) noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

void point_to_nothing(int descriptor, int flags) noexcept {
  const int nothing = ::open("/dev/null", flags | O_CLOEXEC);
  if (nothing < 0) return;
  ::dup2(nothing, descriptor);
  ::close(nothing);
}

// In the child, which no other thread shares.
[[noreturn]] void become(char** argv, pid_t keeper, bool has_input) noexcept {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != keeper) ::_exit(kNotStarted);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  const sigset_t child = only(SIGCHLD);
  ::sigprocmask(SIG_UNBLOCK, &child, nullptr);
  if (has_input) {
    ::dup2(kInput, STDIN_FILENO);
    ::close(kInput);
  } else {
    point_to_nothing(STDIN_FILENO, O_RDONLY);
  }
  ::execvp(argv[0], argv);
  ::dprintf(STDERR_FILENO, "cannot be started: %s\n", std::strerror(errno));
  ::_exit(kNotStarted);
}

// Until the command has ended, or the daemon wants it ended, or is gone.
void await_end(pid_t command, int children) noexcept {
  for (;;) {
    pollfd ready[]{{STDIN_FILENO, POLLIN, 0}, {children, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0) continue;
    if (ready[0].revents != 0) return;
    signalfd_siginfo told{};
    [[maybe_unused]] const ssize_t got = ::read(children, &told, sizeof told);
    // What ended otherwise had lost its parent. The command stays a zombie, so that its group's number stays
    // its own.
    for (siginfo_t ended{}; ::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0;
         ended = {}) {
      if (ended.si_pid == command) return;
      ::waitpid(ended.si_pid, nullptr, WNOHANG);
    }
  }
}

// Whether no descendant is left after `limit`; the command's status where it ended.
bool reap_all(pid_t command, std::chrono::milliseconds limit, int& status) noexcept {
  for (const auto until = Clock::now() + limit;;) {
    int one = 0;
    const pid_t ended = ::waitpid(-1, &one, WNOHANG);
    if (ended < 0 && errno == ECHILD) return true;
    if (ended == command) status = one;
    if (ended > 0) continue;
    if (Clock::now() >= until) return false;
    ::usleep(1'000);
  }
}

// What left the group: once its parents are dead it is a child of the keeper.
void kill_children() noexcept {
  std::FILE* list = std::fopen("/proc/thread-self/children", "re");
  if (!list) return;
  for (int child = 0; std::fscanf(list, "%d", &child) == 1;) ::kill(child, SIGKILL);
  std::fclose(list);
}

void end_all(pid_t command, int& status) noexcept {
  ::kill(-command, SIGTERM);
  if (reap_all(command, kTermed, status)) return;
  ::kill(-command, SIGKILL);
  const auto until = Clock::now() + kKilled;
  do {
    kill_children();
  } while (!reap_all(command, std::chrono::milliseconds(5), status) && Clock::now() < until);
}

int end_as(int status) noexcept {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  const rlimit no_core{};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(WTERMSIG(status), SIG_DFL);
  ::raise(WTERMSIG(status));
  return kNotStarted;
}

}  // namespace

int run_command_keeper(char** argv) noexcept {
  if (!argv[0]) return static_cast<int>(ExitCode::usage);
  const bool has_input = ::fcntl(kInput, F_GETFD) >= 0;
  ::prctl(PR_SET_NAME, "earshot-command");
  // systemd and terminals send these to all that they know; the daemon says when the command has to end.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::unsetenv("NOTIFY_SOCKET");
  const sigset_t child = only(SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const int children = ::signalfd(-1, &child, SFD_CLOEXEC);
  const pid_t keeper = ::getpid();
  const pid_t command = children < 0 ? -1 : ::fork();
  if (command < 0) {
    ::dprintf(STDERR_FILENO, "cannot be started: %s\n", std::strerror(errno));
    return kNotStarted;
  }
  if (command == 0) become(argv, keeper, has_input);
  ::setpgid(command, command);  // so that it has one whoever runs first
  point_to_nothing(STDOUT_FILENO, O_WRONLY);
  point_to_nothing(STDERR_FILENO, O_WRONLY);
  if (has_input) ::close(kInput);
  await_end(command, children);
  int status = 0;
  end_all(command, status);
  return end_as(status);
}

}  // namespace earshot
