// level_dbfs: the definitions of the contract, by number.
#include "dsp/audio/Level.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/dsp/Signals.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {

TEST_CASE("a full-scale sine is -3.01 dBFS, digital silence -120") {
  CHECK(level_dbfs(sine(1000.0, 1.0, 44100, 44100), 44100) == Approx(-3.0103).margin(1e-3));
  CHECK(level_dbfs(std::vector<float>(44100, 0.0f), 44100) == -120.0);
  CHECK(level_dbfs({}, 44100) == -120.0);
}

TEST_CASE("direct current has no level") {
  CHECK(level_dbfs(std::vector<float>(44100, 0.5f), 44100) == -120.0);
  std::vector<float> offset = sine(1000.0, 0.1, 44100, 44100);
  for (float& sample : offset) sample += 0.5f;
  CHECK(level_dbfs(offset, 44100) == Approx(-23.0103).margin(1e-3));
}

TEST_CASE("the level is that of the loudest 100 ms") {
  std::vector<float> window(44100, 0.0f);
  const std::vector<float> burst = sine(1000.0, 1.0, 44100, 4410);
  std::copy(burst.begin(), burst.end(), window.begin() + 3 * 4410);
  CHECK(level_dbfs(window, 44100) == Approx(-3.0103).margin(1e-3));
}

TEST_CASE("a rest shorter than 100 ms counts only if there is no whole block") {
  std::vector<float> window(4410 + 100, 0.0f);
  std::fill(window.begin() + 4410, window.begin() + 4460, 1.0f);
  CHECK(level_dbfs(window, 44100) == -120.0);
  CHECK(level_dbfs(std::span(window).subspan(4410), 44100) == Approx(-6.0206).margin(1e-3));
}

TEST_CASE("the level of any finite samples is finite") {
  for (const float loud : {1e6f, 3e38f, std::numeric_limits<float>::denorm_min()}) {
    std::vector<float> samples(2000, loud);
    for (std::size_t i = 0; i < samples.size(); i += 2) samples[i] = -loud;
    const double level = level_dbfs(samples, 16000);
    CHECK(std::isfinite(level));
    CHECK(level >= -120.0);
    CHECK(level == Approx(std::max(-120.0, 20.0 * std::log10(static_cast<double>(loud)))));
  }
}

TEST_CASE("measuring a level allocates nothing") {
  const std::vector<float> window = noise(220500, 1);
  const AllocationGuard guard;
  level_dbfs(window, 44100);
  const std::size_t allocations = guard.allocations();
  CHECK(allocations == 0);
}

}  // namespace earshot::test
