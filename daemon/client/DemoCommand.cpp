#include "daemon/client/DemoCommand.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <span>
#include <thread>
#include <vector>

#include "daemon/client/DemoSounds.h"
#include "dsp/base/Error.h"
#include "dsp/base/StandardOutput.h"

namespace earshot {
namespace {

constexpr double kSoundSeconds = 8.0;
constexpr std::size_t kChunkSamples = kDemoRateHz / 50;

}  // namespace

void run_demo(std::ostream& out) {
  if (::isatty(STDOUT_FILENO))
    throw Error(ExitCode::usage,
                "standard output: found a terminal, expected a program that takes PCM (try ./run --demo)");
  auto due = std::chrono::steady_clock::now();
  for (const DemoSound& sound : demo_sounds()) {
    std::cerr << "demo: now " << sound.what << ", synthesised\n";
    const std::vector<float> made = sound.make(kSoundSeconds);
    for (std::span<const float> rest = made; !rest.empty();) {
      const auto chunk = rest.first(std::min(kChunkSamples, rest.size()));
      due += std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          std::chrono::duration<double>(static_cast<double>(chunk.size()) / kDemoRateHz));
      std::this_thread::sleep_until(due);
      out.write(reinterpret_cast<const char*>(chunk.data()),
                static_cast<std::streamsize>(chunk.size_bytes()));
      flush_output(out);
      rest = rest.subspan(chunk.size());
    }
  }
}

}  // namespace earshot
