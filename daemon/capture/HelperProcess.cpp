#include "daemon/capture/HelperProcess.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "dsp/base/Error.h"

namespace earshot {

// Sockets, which Asio opens without FD_CLOEXEC, are closed, too.
pid_t spawn_helper(const std::filesystem::path& program, std::vector<std::string> arguments,
                   const std::vector<int>& descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int number = 0; number < static_cast<int>(descriptors.size()); ++number) {
    const int descriptor = descriptors[static_cast<std::size_t>(number)];
    if (descriptor < 0) {
      posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions, descriptor, number);
    }
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, static_cast<int>(descriptors.size()));
  sigset_t signals;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  std::string path = program.string();
  std::vector<char*> argv{path.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t process = 0;
  const int error = posix_spawn(&process, path.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw Error(ExitCode::unavailable,
                "cannot start " + path + ": " + std::generic_category().message(error));
  return process;
}

std::optional<int> status_within(pid_t process, std::chrono::milliseconds limit) noexcept {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    int status = 0;
    const pid_t got = ::waitpid(process, &status, WNOHANG);
    if (got == process || (got < 0 && errno == ECHILD)) return status;
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace earshot
