// hop_s = "auto": wider while windows are skipped, back when that may do, and less and less often in vain.
#include <cstdint>

#include <catch2/catch.hpp>

#include "daemon/hearing/AutoHop.h"

namespace earshot::test {
namespace {

constexpr std::uint64_t kUsual = 8'000;  // of YAMNet's recipe, at 16 kHz

/// Seconds until the hop is another one, if `skipped` windows are skipped in each; 0 if that does not come in
/// `limit`.
int seconds_to_another(AutoHop& hop, std::uint64_t skipped, int limit) {
  const std::uint64_t before = hop.hop_samples();
  for (int second = 1; second <= limit; ++second) {
    if (hop.look(skipped) != before) return second;
  }
  return 0;
}

}  // namespace

TEST_CASE("an automatic hop is the usual one while nothing is skipped, and if something is now and then") {
  AutoHop hop(recipe_named("yamnet"));
  for (int i = 0; i < 1'000; ++i) {
    hop.look(i % 3 == 0 ? 0 : 5);
    REQUIRE(hop.hop_samples() == kUsual);
  }
}

TEST_CASE("an automatic hop grows while windows go on being skipped, up to the window") {
  AutoHop hop(recipe_named("yamnet"));
  CHECK(seconds_to_another(hop, 1, 10) == 3);
  CHECK(hop.hop_samples() == 12'000);
  CHECK(seconds_to_another(hop, 1, 10) == 3);
  CHECK(hop.hop_samples() == 15'520);  // whole STFT hops within the window
  CHECK(seconds_to_another(hop, 1, 100) == 0);

  AutoHop long_window(recipe_named("v6"));
  CHECK(seconds_to_another(long_window, 1, 10) == 7);  // its windows may wait for 5 s
  for (int i = 0; i < 100; ++i) long_window.look(1);
  CHECK(long_window.hop_samples() == 430 * 512);
}

TEST_CASE(
    "an automatic hop shrinks after a minute, and if that was too much, is tried again later and later") {
  AutoHop hop(recipe_named("yamnet"));
  seconds_to_another(hop, 1, 10);
  for (const int wait : {60, 120, 240, 480, 960, 1'920, 3'600, 3'600}) {
    CHECK(seconds_to_another(hop, 0, 4'000) == wait);
    CHECK(hop.hop_samples() == kUsual);
    CHECK(seconds_to_another(hop, 1, 10) == 3);
  }
  seconds_to_another(hop, 0, 4'000);
  for (int i = 0; i < 60; ++i) hop.look(0);  // it keeps up
  seconds_to_another(hop, 1, 10);
  CHECK(seconds_to_another(hop, 0, 4'000) == 60);
}

}  // namespace earshot::test
