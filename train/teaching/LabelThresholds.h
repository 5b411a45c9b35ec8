// LabelThresholds: from which score on a label is there, chosen by windows that it was not taught with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace earshot {

/// The score of one window of a clip.
struct WindowScore {
  std::uint64_t start_sample = 0;
  float score = 0.0F;
};

/// The highest threshold at which these windows, ascending, still make an event by the default rules: two of three
/// windows side by side at or above it, or one at or above t + (1 - t) / 2. `step_samples` lie between neighbours.
float event_threshold(std::span<const WindowScore> clip, std::uint64_t step_samples);

/// The score that more than half of these windows reach.
float lasting_score(std::span<const WindowScore> clip);

/// What speaks for and against a label, each scored by a head that was not taught with it.
struct ThresholdEvidence {
  std::vector<float> clips;      ///< event_threshold() of each clip of the label
  std::vector<float> lasting;    ///< lasting_score() of the same
  std::vector<float> others;     ///< scores of windows of clips that are not the label
  std::vector<float> negatives;  ///< scores of the bank's windows that are not
  std::vector<float> rejected;   ///< scores of windows of recordings in its _not_
};

/// How many windows that are not a label may be taken for it: of the bank, which is most of what a microphone
/// hears in a year, the less if no clip shows the label; of other classes' clips, which hold now and then
/// what nobody said.
inline constexpr double kPassingUntaught = 0.001;
inline constexpr double kPassingNegatives = 0.002;
inline constexpr double kPassingOthers = 0.01;

/// The lowest threshold that no more of either pass; what a microphone hears is stranger than any bank, so
/// higher as long as 17 in 20 clips stay above it for most of their windows; as high as what was rejected asks for; but none
/// so high that fewer than four in five would have an event. Of fewer than eight clips the guess keeps its share, raised as far as
/// both say: n / 8 is measured.
float chosen_threshold(const ThresholdEvidence& evidence, float guess);

/// The lowest threshold that at most this share of `scores` passes, at least `least`.
float passing_threshold(std::vector<float> scores, double share, float least);

}  // namespace earshot
