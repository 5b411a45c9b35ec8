#include "daemon/capture/StdinSource.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <spdlog/spdlog.h>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr int kPollMs = 50;  // how soon a stop is seen while nobody writes

// Bytes read, 0 at the end, nothing while there are none yet.
std::optional<std::size_t> read_some(std::span<std::byte> out) {
  pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, kPollMs) <= 0) return std::nullopt;
  const ssize_t got = ::read(STDIN_FILENO, out.data(), out.size());
  if (got >= 0) return static_cast<std::size_t>(got);
  if (errno == EINTR || errno == EAGAIN) return std::nullopt;
  throw Error(ExitCode::io, "standard input: cannot read: " + std::generic_category().message(errno));
}

}  // namespace

StdinSource::StdinSource(const SourceSettings& settings, const StdinSettings& standard_input,
                         const SourceContext& context)
    : Source(settings, context), decoder_(standard_input.pcm, settings.channel) {
  pipeline().open(standard_input.pcm.rate_hz);
}

std::string StdinSource::hear(std::stop_token stop) {
  change_state(SourceState::up, "standard input");
  std::array<std::byte, 16 * 1024> bytes;
  while (!stop.stop_requested()) {
    const auto got = read_some(bytes);
    if (!got) continue;
    if (*got == 0) {
      if (decoder_.pending_bytes() > 0) {
        spdlog::warn("source '{}': {} bytes at the end of standard input are no whole frame, left out",
                     name(), decoder_.pending_bytes());
      }
      pipeline().finish();
      return "end of standard input";
    }
    pipeline().push_live(decoder_.decode(std::span(bytes).first(*got)), utc(std::chrono::steady_clock::now()),
                         false);
    pipeline().add_bad_samples(decoder_.take_bad_samples());
  }
  pipeline().close();
  return "stopped";
}

}  // namespace earshot
