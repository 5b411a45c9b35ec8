// Which threshold a label gets from what it was not taught with.
#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "train/teaching/LabelThresholds.h"

namespace earshot::test {

TEST_CASE("a clip has an event up to the second of three neighbours, or to where one window is sure") {
  const std::vector<WindowScore> pair{{0, 0.9F}, {100, 0.2F}, {200, 0.7F}, {300, 0.1F}};
  CHECK(event_threshold(pair, 100) == Approx(0.8F));  // 0.9 alone is sure up to 2 * 0.9 - 1
  const std::vector<WindowScore> even{{0, 0.6F}, {100, 0.2F}, {200, 0.55F}};
  CHECK(event_threshold(even, 100) == Approx(0.55F));
  const std::vector<WindowScore> apart{{0, 0.6F}, {300, 0.6F}};
  CHECK(event_threshold(apart, 100) == Approx(0.2F));
  CHECK(event_threshold({}, 100) == 0.0F);
}

TEST_CASE("a clip's lasting score is what more than half of its windows reach") {
  const std::vector<WindowScore> clip{{0, 0.9F}, {1, 0.2F}, {2, 0.7F}, {3, 0.4F}};
  CHECK(lasting_score(clip) == 0.4F);
  CHECK(lasting_score(std::span(clip).first(3)) == 0.7F);
  CHECK(lasting_score(std::span(clip).first(1)) == 0.9F);
}

TEST_CASE("no more than the share given passes") {
  std::vector<float> scores;
  for (int i = 0; i < 1000; ++i) scores.push_back(static_cast<float>(i) / 1000.0F);
  for (const double share : {0.001, 0.01, 0.1}) {
    const float threshold = passing_threshold(scores, share, 0.05F);
    const auto passing = static_cast<double>(std::ranges::count_if(scores, [&](float s) { return s >= threshold; }));
    CHECK(passing == Approx(share * 1000.0));
  }
  CHECK(passing_threshold(scores, 0.001, 0.9999F) == 0.9999F);
  CHECK(passing_threshold({}, 0.001, 0.3F) == 0.3F);
}

TEST_CASE("a threshold is as low as others allow, as high as four in five clips allow, and of few clips near the guess") {
  ThresholdEvidence evidence;
  for (int i = 0; i < 20; ++i) evidence.clips.push_back(0.70F + 0.01F * static_cast<float>(i));
  evidence.lasting.assign(20, 0.3F);
  evidence.others.assign(500, 0.1F);
  evidence.negatives.assign(5000, 0.4F);
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.4F).margin(1e-3));
  for (int i = 0; i < 20; ++i)
    evidence.lasting[static_cast<std::size_t>(i)] = 0.50F + 0.01F * static_cast<float>(i);
  CHECK(chosen_threshold(evidence, 0.5F) ==
        Approx(0.53F));  // 17 of twenty are heard for most of their windows
  evidence.negatives.assign(5000, 0.99F);
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.74F));  // four of twenty are missed
  evidence.clips = {0.8F, 0.8F};
  evidence.lasting = {0.1F, 0.15F};
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.8F));  // raised as far as both clips still say
  evidence.negatives.assign(5000, 0.2F);
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.25F * 0.2F + 0.75F * 0.5F).margin(1e-3));
  evidence.clips.clear();
  evidence.lasting.clear();
  CHECK(chosen_threshold(evidence, 0.97F) == 0.97F);
  evidence.negatives.assign(5000, 0.6F);
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.6F).margin(1e-3));  // a guess yields to what it lets pass
}

TEST_CASE("what was rejected raises a threshold beyond the usual most, as far as four in five clips allow") {
  ThresholdEvidence evidence;
  for (int i = 0; i < 20; ++i) {
    evidence.clips.push_back(0.98F);
    evidence.lasting.push_back(0.97F);
  }
  evidence.negatives = {0.1F};
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.95F));
  evidence.rejected = {0.3F, 0.965F};
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.965F));
  evidence.rejected.push_back(0.999F);
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.98F));  // no clip would have an event above
  for (float& clip : evidence.clips) clip = 1.0F;
  CHECK(chosen_threshold(evidence, 0.5F) == Approx(0.99F));
  // A label that no clip shows, only _not_ names.
  CHECK(chosen_threshold({{}, {}, {}, {}, {0.7F}}, 0.5F) == Approx(0.7F));
}

}  // namespace earshot::test
