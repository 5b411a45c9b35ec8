// effective_hop_samples: what a hop in seconds is rounded to.
#include "dsp/features/LiveHop.h"

#include <catch2/catch.hpp>

namespace earshot::test {

TEST_CASE("a hop is whole STFT hops, at least one, and no longer than the window") {
  const FeatureRecipe recipe;
  CHECK(effective_hop_samples(recipe, 0.5, "hop") == 43 * 512);
  CHECK(effective_hop_samples(recipe, 0.001, "hop") == 512);
  CHECK(effective_hop_samples(recipe, 4.99, "hop") == 430 * 512);
  CHECK(effective_hop_samples(recipe, 5.0, "hop") == 430 * 512);  // 430.66, but no more than the window
  CHECK_THROWS_WITH(effective_hop_samples(recipe, 6.0, "file:7: key 'window.hop_s'"),
                    "file:7: key 'window.hop_s': found 6 s, expected at most the model's window of 5 s");
}

}  // namespace earshot::test
