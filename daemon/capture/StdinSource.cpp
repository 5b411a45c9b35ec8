#include "daemon/capture/StdinSource.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr const char* kName = "standard input";
constexpr std::chrono::seconds kIdle{10};
constexpr int kPollMs = 50;  // how soon a stop is seen while nobody writes

// Bytes read, 0 at the end, nothing while there are none yet.
std::optional<std::size_t> read_some(std::span<std::byte> out) {
  pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, kPollMs) <= 0) return std::nullopt;
  const ssize_t got = ::read(STDIN_FILENO, out.data(), out.size());
  if (got >= 0) return static_cast<std::size_t>(got);
  if (errno == EINTR || errno == EAGAIN) return std::nullopt;
  throw Error(ExitCode::io, std::string(kName) + ": cannot read: " + std::generic_category().message(errno));
}

}  // namespace

StdinSource::StdinSource(const SourceSettings& settings, const StdinSettings& standard_input,
                         const SourceContext& context)
    : PcmReader(settings, standard_input.pcm, standard_input.pace, kIdle, context) {}

std::string StdinSource::waits_for() const { return kName; }

void StdinSource::produce(std::stop_token stop) {
  std::array<std::byte, 16 * 1024> bytes;
  bool begun = false;
  while (await_room(stop) && !stop.stop_requested()) {
    const auto got = read_some(bytes);
    if (!got) continue;
    if (*got == 0) return arrivals().push(PcmArrival::Kind::finish, std::string("end of ") + kName);
    if (!std::exchange(begun, true)) arrivals().push(PcmArrival::Kind::begin, kName);
    arrivals().push(std::span(bytes).first(*got));
  }
}

}  // namespace earshot
