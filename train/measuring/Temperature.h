// Temperature: the one number that makes scores as sure as they are right.
#pragma once

#include <span>

#include "nn/model/Architecture.h"
#include "train/measuring/ScoredClips.h"

namespace earshot {

struct TemperatureFit {
  double temperature = 1.0;
  double loss_before = 0.0;  ///< mean of -log score of the own label; of a sigmoid, binary cross-entropy
  double loss_after = 0.0;
  double calibration_error_before = 0.0;  ///< over 15 bins
  double calibration_error_after = 0.0;
};

inline constexpr double kLeastTemperature = 0.05;
inline constexpr double kMostTemperature = 20.0;

/// What `scores` (n x classes) would be at `temperature` times the one they were made with. Of a softmax, log
/// score is the logit less a constant of the clip, which the softmax does not see; of a sigmoid, the logit is
/// log(score / (1 - score)), as exact as a float's distance from 1 allows.
std::vector<float> at_temperature(std::span<const float> scores, std::size_t classes, Scores kind,
                                  double temperature);

/// The temperature of the least loss (Guo et al., On Calibration of Modern Neural Networks, 2017), by golden
/// section in its logarithm: the loss is convex in 1 / temperature, so it has one valley. Throws
/// Error(bad_data) if that lies beyond kLeastTemperature .. kMostTemperature, as it does if every clip is
/// right: then nothing tells how sure to be.
TemperatureFit fit_temperature(const ScoredClips& clips, Scores kind);

}  // namespace earshot
