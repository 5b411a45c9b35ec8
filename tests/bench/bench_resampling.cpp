// Resampling: CPU time of one thread per second of sound, in chunks as a microphone brings them, libsamplerate's best
// filter beside it in the same run; a bank's size and the time that it takes to build.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include <samplerate.h>

#include "dsp/audio/Resampler.h"
#include "tests/bench/Measuring.h"
#include "tests/dsp/Signals.h"

namespace {

using earshot::bench::median;

constexpr int kRounds = 25;
constexpr std::size_t kChunk = 1024;

struct Row {
  int from_hz;
  int to_hz;
  double limit_ms;
};

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace

int main() {
  using namespace earshot;
  int status = 0;
  std::printf("ms of one core per second of sound, medians of %d; libsamplerate in the same run\n", kRounds);
  for (const Row& row : {Row{44100, 16000, 0.8}, Row{48000, 44100, 0.8}, Row{96000, 16000, 2.5}, Row{48000, 16000, 0.0},
                         Row{16000, 44100, 0.0}}) {
    double start = cpu_ms();
    Resampler resampler(row.from_hz, row.to_hz);
    const double build_ms = cpu_ms() - start;
    const std::vector<float> sound = test::noise(static_cast<std::size_t>(row.from_hz), 1);
    std::vector<double> ours, theirs;
    std::vector<float> room(static_cast<std::size_t>(row.to_hz) + 8);
    for (int round = 0; round < kRounds; ++round) {
      start = cpu_ms();
      for (std::size_t at = 0; at < sound.size(); at += kChunk)
        resampler.process(std::span(sound).subspan(at, std::min(kChunk, sound.size() - at)));
      ours.push_back(cpu_ms() - start);
      if (round % 5 != 0) continue;
      SRC_DATA data{};
      data.data_in = sound.data();
      data.input_frames = static_cast<long>(sound.size());
      data.data_out = room.data();
      data.output_frames = static_cast<long>(room.size());
      data.src_ratio = static_cast<double>(row.to_hz) / row.from_hz;
      start = cpu_ms();
      src_simple(&data, SRC_SINC_BEST_QUALITY, 1);
      theirs.push_back(cpu_ms() - start);
    }
    const double ms = median(ours);
    std::printf("  %6d -> %5d  %6.2f  libsamplerate %6.1f  (%.0f times)  built in %.1f ms", row.from_hz, row.to_hz, ms,
                median(theirs), median(theirs) / ms, build_ms);
    if (row.limit_ms > 0.0) {
      std::printf("  (at most %.1f)", row.limit_ms);
      if (ms > row.limit_ms) status = 1;
    }
    std::printf("\n");
  }
  return status;
}
