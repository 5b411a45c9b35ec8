// SlidingWindow: the same windows whatever the chunking; gaps; a source shorter than a window.
#include "dsp/audio/SlidingWindow.h"

#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "tests/dsp/Signals.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

using Windows = std::vector<std::pair<std::uint64_t, std::vector<float>>>;

void feed(SlidingWindow& sliding, std::span<const float> samples, Windows& windows) {
  while (!samples.empty()) {
    samples = samples.subspan(sliding.push(samples));
    while (const auto window = sliding.next()) {
      windows.emplace_back(window->start_sample, std::vector(window->samples.begin(), window->samples.end()));
    }
  }
}

}  // namespace

TEST_CASE("any chunking gives the windows that slicing the signal gives") {
  const std::vector<float> signal = noise(1000, 1);
  for (const auto& [length, hop] :
       {std::pair{100u, 30u}, std::pair{100u, 100u}, std::pair{7u, 1u}, std::pair{1u, 1u}}) {
    Windows expected;
    for (std::size_t start = 0; start + length <= signal.size(); start += hop) {
      const auto slice = std::span(signal).subspan(start, length);
      expected.emplace_back(start, std::vector(slice.begin(), slice.end()));
    }
    for (const std::size_t chunk : {1u, 3u, 29u, 100u, 333u, 1000u}) {
      SlidingWindow sliding(length, hop);
      Windows windows;
      for (std::size_t start = 0; start < signal.size(); start += chunk) {
        feed(sliding, std::span(signal).subspan(start, std::min(chunk, signal.size() - start)), windows);
        CHECK(sliding.position() == std::min(start + chunk, signal.size()));
      }
      CAPTURE(length, hop, chunk);
      CHECK(windows == expected);
    }
  }
}

TEST_CASE("a full window must be taken before more samples go in") {
  SlidingWindow sliding(4, 2);
  const std::vector<float> samples{0, 1, 2, 3, 4, 5};
  CHECK(sliding.push(samples) == 4);
  CHECK(sliding.push(samples) == 0);
  CHECK(sliding.next()->start_sample == 0);
  CHECK_FALSE(sliding.next());
  CHECK(sliding.push(std::span(samples).subspan(4)) == 2);
  CHECK(sliding.next()->end_sample() == 6);
}

TEST_CASE("no window spans lost audio, and indices go on behind it") {
  SlidingWindow sliding(4, 2);
  Windows windows;
  feed(sliding, std::vector<float>{0, 1, 2, 3, 4}, windows);
  sliding.restart_at(100);
  CHECK(sliding.position() == 100);
  feed(sliding, std::vector<float>{100, 101, 102, 103, 104, 105}, windows);
  CHECK(windows == Windows{{0, {0, 1, 2, 3}}, {100, {100, 101, 102, 103}}, {102, {102, 103, 104, 105}}});
}

TEST_CASE("a source that ends inside its first window yields it padded with silence, once") {
  SlidingWindow sliding(5, 2);
  Windows windows;
  sliding.restart_at(10);
  feed(sliding, std::vector<float>{1, 2, 3}, windows);
  const auto padded = sliding.finish();
  REQUIRE(padded);
  CHECK(padded->padded_samples == 2);
  CHECK(padded->window.start_sample == 10);
  CHECK(std::vector(padded->window.samples.begin(), padded->window.samples.end()) ==
        std::vector<float>{1, 2, 3, 0, 0});
  CHECK(sliding.position() == 13);
  CHECK_FALSE(sliding.finish());
}

TEST_CASE("a source that had a window, or no sample, yields nothing at its end") {
  SlidingWindow silent(5, 2);
  CHECK_FALSE(silent.finish());
  SlidingWindow sliding(5, 2);
  Windows windows;
  feed(sliding, std::vector<float>{1, 2, 3, 4, 5, 6}, windows);
  CHECK(windows.size() == 1);
  CHECK_FALSE(sliding.finish());
}

TEST_CASE("sliding a window allocates nothing") {
  const std::vector<float> samples = noise(10000, 2);
  SlidingWindow sliding(1000, 100);
  std::size_t windows = 0;
  const AllocationGuard guard;
  for (std::span<const float> rest = samples; !rest.empty();) {
    rest = rest.subspan(sliding.push(rest));
    while (sliding.next()) ++windows;
  }
  sliding.restart_at(5);
  sliding.finish();
  const std::size_t allocations = guard.allocations();
  CHECK(allocations == 0);
  CHECK(windows == 91);
}

TEST_CASE("a hop of nothing or beyond the window is refused") {
  CHECK_THROWS_AS(SlidingWindow(10, 0), Error);
  CHECK_THROWS_AS(SlidingWindow(10, 11), Error);
  CHECK_THROWS_AS(SlidingWindow(0, 0), Error);
}

}  // namespace earshot::test
