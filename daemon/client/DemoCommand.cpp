#include "daemon/client/DemoCommand.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <span>
#include <system_error>
#include <thread>

#include <spdlog/fmt/fmt.h>

#include "daemon/client/DemoSounds.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr double kSoundSeconds = 8.0;
constexpr std::size_t kChunkSamples = kDemoRateHz / 50;

// False once nobody reads any more.
bool write_samples(std::span<const float> samples) {
  auto bytes = std::as_bytes(samples);
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;
    if (written < 0)
      throw Error(ExitCode::io, "standard output: cannot write: " + std::generic_category().message(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void run_demo() {
  if (::isatty(STDOUT_FILENO))
    throw Error(ExitCode::usage,
                "standard output: found a terminal, expected a program that takes PCM (try ./run --demo)");
  std::signal(SIGPIPE, SIG_IGN);
  auto due = std::chrono::steady_clock::now();
  for (const DemoSound& sound : demo_sounds()) {
    fmt::print(stderr, "demo: now a synthesised {}\n", sound.name);
    const std::vector<float> made = sound.make(kSoundSeconds);
    for (std::span<const float> rest = made; !rest.empty();) {
      const auto chunk = rest.first(std::min(kChunkSamples, rest.size()));
      due += std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          std::chrono::duration<double>(static_cast<double>(chunk.size()) / kDemoRateHz));
      std::this_thread::sleep_until(due);
      if (!write_samples(chunk)) return;
      rest = rest.subspan(chunk.size());
    }
  }
}

}  // namespace earshot
