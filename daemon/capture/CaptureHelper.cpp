#include "daemon/capture/CaptureHelper.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/HelperLine.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/capture/SharedMemory.h"
#include "dsp/base/Error.h"
#include "dsp/base/LibraryLines.h"

namespace earshot {
namespace {

constexpr int kLookMs = 250;

// A line is shorter than a pipe's atomic write; a pipe that a stopped daemon leaves full loses what a library says.
void tell(const HelperLine& what) noexcept {
  try {
    const std::string line = what.line();
    [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
  } catch (const std::exception&) {
    std::_Exit(static_cast<int>(ExitCode::software));  // no memory for a line: the daemon sees the end
  }
}

// Whether the daemon still holds the other end of standard input after `kLookMs`.
bool is_wanted() {
  pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, kLookMs) == 0 || (ready.revents == 0 && errno == EINTR);
}

void record(const CaptureWish& wish) {
  SharedMemory memory(kCaptureMemory);
  PortAudio port_audio(wish.device);
  const std::unique_ptr<PortAudio::Recording> recording = port_audio.record(wish, *memory);
  tell({HelperLine::Kind::recording, recording->rate_hz(), recording->device(), recording->hardware()});
  while (is_wanted()) {
    if (!recording->is_active())
      throw Error(ExitCode::unavailable, "device \"" + recording->device() + "\": its driver has stopped recording");
  }
  // Whoever wanted it no longer waits: a driver that hangs in closing is ended with the process.
}

}  // namespace

int run_capture_helper(const std::vector<std::string_view>& arguments) noexcept {
  try {
    if (arguments.size() != 4) throw Error(ExitCode::usage, "found no helper's arguments, expected a daemon's");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (std::to_string(::getppid()) != arguments[3]) return static_cast<int>(ExitCode::ok);  // it has died meanwhile
    ::prctl(PR_SET_NAME, "earshot-capture");
    take_library_lines(
        [](std::string_view line) noexcept { tell({HelperLine::Kind::says, 0, std::string(line), {}}); });
    CaptureWish wish{.device = std::string(arguments[0]), .channel = {}, .hardware = std::string(arguments[2])};
    if (arguments[1] != "mix") wish.channel = std::atoi(std::string(arguments[1]).c_str());
    record(wish);
  } catch (const std::exception& error) {
    tell({HelperLine::Kind::failed, 0, error.what(), {}});
    return static_cast<int>(ExitCode::unavailable);
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace earshot
