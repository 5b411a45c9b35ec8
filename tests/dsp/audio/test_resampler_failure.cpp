// Resampler when libsamplerate fails: this program's src_process stands before the library's, and refuses on
// demand.
#include <cmath>
#include <vector>

#include <dlfcn.h>
#include <samplerate.h>

#include <catch2/catch.hpp>

#include "dsp/audio/Resampler.h"
#include "tests/dsp/Signals.h"

namespace {
bool refuse = false;
}

extern "C" int src_process(SRC_STATE* state, SRC_DATA* data) {
  using Process = int(SRC_STATE*, SRC_DATA*);
  static const auto real = reinterpret_cast<Process*>(::dlsym(RTLD_NEXT, "src_process"));
  constexpr int kBadState = 2;
  return refuse ? kBadState : real(state, data);
}

namespace earshot::test {

constexpr int kOddHz = 15999;  // no bank of filters fits these rates

TEST_CASE("what libsamplerate refuses is silence of the right length, and counted") {
  Resampler resampler(44100, kOddHz);
  const std::vector<float> tone = sine(500, 0.5, 44100, 44100);
  std::size_t ready = resampler.process(tone).size();
  CHECK(resampler.take_failed_samples() == 0);
  refuse = true;
  const std::span<const float> silence = resampler.process(tone);
  CHECK(silence.size() > 15000);
  for (const float sample : silence) REQUIRE(sample == 0.0F);
  ready += silence.size();
  ready += resampler.finish().size();  // which waits for samples that never come
  CHECK(std::abs(static_cast<double>(ready) - 2.0 * kOddHz) < 200.0);
  CHECK(resampler.take_failed_samples() >= 44000);
  CHECK(resampler.take_failed_samples() == 0);
  refuse = false;
  CHECK(resample(tone, 44100, kOddHz).size() == kOddHz);
}

}  // namespace earshot::test
