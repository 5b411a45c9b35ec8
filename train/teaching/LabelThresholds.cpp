#include "train/teaching/LabelThresholds.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace earshot {
namespace {

constexpr float kLeast = 0.05F;
constexpr float kMost = 0.95F;
constexpr float kMostRejecting = 0.99F;
constexpr std::size_t kEnoughClips = 8;
constexpr double kMissed = 0.2;
constexpr double kFleeting = 0.15;  ///< of clips

/// What all of them reach but this share, the lowest.
float reached_but_by(std::vector<float> scores, double share) {
  std::ranges::sort(scores);
  return scores[static_cast<std::size_t>(share * static_cast<double>(scores.size()))];
}

}  // namespace

float event_threshold(std::span<const WindowScore> clip, std::uint64_t step_samples) {
  float highest = 0.0F;
  for (std::size_t i = 0; i < clip.size(); ++i) {
    highest = std::max(highest, 2.0F * clip[i].score - 1.0F);
    for (std::size_t j = i + 1; j < clip.size() && clip[j].start_sample - clip[i].start_sample <= 2 * step_samples; ++j)
      highest = std::max(highest, std::min(clip[i].score, clip[j].score));
  }
  return highest;
}

float lasting_score(std::span<const WindowScore> clip) {
  std::vector<float> scores;
  for (const WindowScore& window : clip) scores.push_back(window.score);
  std::ranges::sort(scores, std::greater<>());
  return scores.empty() ? 0.0F : scores[scores.size() / 2];
}

float passing_threshold(std::vector<float> scores, double share, float least) {
  const auto may_pass = static_cast<std::size_t>(share * static_cast<double>(scores.size()));
  if (may_pass >= scores.size()) return least;
  const auto first_kept = scores.begin() + static_cast<std::ptrdiff_t>(may_pass);
  std::ranges::nth_element(scores, first_kept, std::greater<>());
  return std::max(least, std::nextafter(*first_kept, 2.0F));
}

float chosen_threshold(const ThresholdEvidence& evidence, float guess) {
  const auto passing = [&](float least) {
    return passing_threshold(evidence.others, kPassingOthers,
                             passing_threshold(evidence.negatives, kPassingNegatives, least));
  };
  const auto asked = [&](float least) { return passing_threshold(evidence.rejected, kPassingOthers, least); };
  if (evidence.clips.empty()) return std::max(guess, std::min(asked(passing(guess)), kMost));
  const float most = reached_but_by(evidence.clips, kMissed);
  const float least = std::max(passing(kLeast), reached_but_by(evidence.lasting, kFleeting));
  const float measured = std::max(std::clamp(std::min(least, most), kLeast, kMost),
                                  std::min({asked(kLeast), most, kMostRejecting}));
  const float share =
      static_cast<float>(std::min(evidence.clips.size(), kEnoughClips)) / static_cast<float>(kEnoughClips);
  return share * measured + (1.0F - share) * std::min(asked(passing(guess)), std::max(guess, most));
}

}  // namespace earshot
