// onset_sample: the first 10 ms within 20 dB of the loudest.
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/audio/Onset.h"
#include "tests/dsp/Signals.h"

namespace earshot::test {

TEST_CASE("a sound begins in the first 10 ms that are within 20 dB of the loudest") {
  constexpr int kRateHz = 16'000;
  std::vector<float> window = sine(1'000.0, 0.5, kRateHz, 16'000);
  const auto quieter = [&](std::size_t from, std::size_t to, float by) {
    for (std::size_t i = from; i < to; ++i) window[i] *= by;
  };
  CHECK(onset_sample(window, kRateHz) == 0);
  quieter(0, 8'000, 0.09F);
  CHECK(onset_sample(window, kRateHz) == 8'000);
  quieter(8'000, 12'000, 0.11F);
  CHECK(onset_sample(window, kRateHz) == 8'000);
  for (float& sample : window) sample += 0.5F;  // an offset is no sound
  CHECK(onset_sample(window, kRateHz) == 8'000);
}

TEST_CASE("silence, a window of less than 10 ms and none at all begin at once") {
  CHECK(onset_sample(std::vector<float>(1'000), 16'000) == 0);
  CHECK(onset_sample(sine(1'000.0, 0.5, 16'000, 50), 16'000) == 0);
  CHECK(onset_sample({}, 16'000) == 0);
}

}  // namespace earshot::test
