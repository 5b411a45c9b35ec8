#include "daemon/capture/DeviceLister.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kAnswer{30};  // initialising PortAudio can take several
constexpr int kPollMs = 50;                  // a stop is seen as late as that

// No thread of this process runs in the child, and it shares nothing: the sockets, which Asio opens without
// FD_CLOEXEC, are closed, and no signal is blocked or ignored. Returns an error number.
int start(const std::filesystem::path& program, int output, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t signals;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  std::string path = program.string();
  std::string option = "--list-devices";
  const std::array arguments{path.data(), option.data(), static_cast<char*>(nullptr)};
  const int error = posix_spawn(&pid, path.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

std::string read_to_end(int descriptor, const std::stop_token& stop) {
  std::string text;
  std::array<char, 4096> piece;
  const Clock::time_point limit = Clock::now() + kAnswer;
  while (!stop.stop_requested() && Clock::now() < limit) {
    pollfd ready{descriptor, POLLIN, 0};
    if (::poll(&ready, 1, kPollMs) <= 0) continue;
    const ssize_t count = ::read(descriptor, piece.data(), piece.size());
    if (count == 0) return text;
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

std::optional<std::string> list_devices_afresh(const std::filesystem::path& program,
                                               const std::stop_token& stop) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  pid_t pid = 0;
  const int error = start(program, ends[1], pid);
  ::close(ends[1]);
  std::optional<std::string> lines;
  if (error == 0) {
    lines = read_to_end(ends[0], stop);
    ::kill(pid, SIGKILL);  // it has ended, or never will
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::close(ends[0]);
  return lines;
}

}  // namespace earshot
