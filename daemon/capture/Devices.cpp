#include "daemon/capture/Devices.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/PortAudio.h"
#include "dsp/base/JsonWriter.h"

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

void print_devices(std::ostream& out, bool json) {
  PortAudio port_audio;
  const std::vector<CaptureDevice> devices = port_audio.devices();
  if (json) {
    JsonWriter writer;
    writer.begin_array();
    for (const CaptureDevice& device : devices) {
      writer.begin_object()
          .field("name", device.name)
          .field("host_api", device.host_api)
          .field("channels", static_cast<unsigned>(device.channels))
          .field("rate_hz", static_cast<unsigned>(device.rate_hz))
          .field("default", device.is_default)
          .end_object();
    }
    out << writer.end_array().take_line();
    return;
  }
  if (devices.empty()) out << "there is no device that records\n";
  for (const CaptureDevice& device : devices) {
    out << fmt::format("{} {}  ({}, channels: {}, {} Hz)\n", device.is_default ? '*' : ' ', device.name,
                       device.host_api, device.channels, device.rate_hz);
  }
}

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

bool lists_device(std::string_view lines, std::string_view device) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::size_t name_end = line.rfind("  (");
    if (name_end == std::string_view::npos) continue;
    if (device == "default" ? line.starts_with('*')
                            : line.substr(0, name_end).find(device, 2) != std::string_view::npos)
      return true;
  }
  return false;
}

}  // namespace earshot
