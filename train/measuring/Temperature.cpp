#include "train/measuring/Temperature.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "train/measuring/Metrics.h"

namespace earshot {
namespace {

// n x classes; of a softmax less a constant of the clip.
std::vector<double> logits_of(std::span<const float> scores, Scores kind) {
  std::vector<double> logits;
  logits.reserve(scores.size());
  for (const double score : scores) {
    logits.push_back(kind == Scores::sigmoid ? bounded_log(score) - bounded_log(1.0 - score)
                                             : bounded_log(score));
  }
  return logits;
}

// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

double log_sum_exp(std::span<const double> row, double inverse) {
  const double highest = *std::ranges::max_element(row);
  double sum = 0.0;
  for (const double logit : row) sum += std::exp((logit - highest) * inverse);
  return highest * inverse + std::log(sum);
}

// log_sum_exp() less the logit of the truth, by differences of logits: where the truth's is the highest
// nothing is rounded away, and no rounding makes it negative.
double cross_entropy(std::span<const double> row, std::size_t truth, double inverse) {
  const auto highest = static_cast<std::size_t>(std::ranges::max_element(row) - row.begin());
  double others = 0.0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i != highest) others += std::exp((row[i] - row[highest]) * inverse);
  }
  return (row[highest] - row[truth]) * inverse + std::log1p(others);
}

// The loss as a function of the temperature, from logits, so that no score can underflow on the way.
class Loss {
 public:
  Loss(const ScoredClips& clips, Scores kind)
      : clips_(clips), kind_(kind), classes_(clips.labels.size()), logits_(logits_of(clips.scores, kind)) {}

  double at(double temperature) const {
    return kind_ == Scores::sigmoid ? binary(1.0 / temperature) : categorical(1.0 / temperature);
  }

 private:
  double categorical(double inverse) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < clips_.size(); ++i) {
      sum += cross_entropy(std::span(logits_).subspan(i * classes_, classes_),
                           static_cast<std::size_t>(clips_.truth[i]), inverse);
    }
    return sum / static_cast<double>(clips_.size());
  }

  double binary(double inverse) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < logits_.size(); ++i) {
      const double logit = logits_[i] * inverse;
      sum += clips_.present[i] ? softplus(-logit) : softplus(logit);
    }
    return sum / static_cast<double>(logits_.size());
  }

  const ScoredClips& clips_;
  Scores kind_;
  std::size_t classes_;
  std::vector<double> logits_;
};

// Kiefer 1953. The logarithm of the temperature, to 1e-7.
double golden_section(const Loss& loss, double low, double high) {
  constexpr double kPart = 1.0 / std::numbers::phi;
  double left = high - kPart * (high - low);
  double right = low + kPart * (high - low);
  double left_loss = loss.at(std::exp(left));
  double right_loss = loss.at(std::exp(right));
  while (high - low > 1e-7) {
    if (left_loss < right_loss) {
      high = right;
      right = left;
      right_loss = left_loss;
      left = high - kPart * (high - low);
      left_loss = loss.at(std::exp(left));
    } else {
      low = left;
      left = right;
      left_loss = right_loss;
      right = low + kPart * (high - low);
      right_loss = loss.at(std::exp(right));
    }
  }
  return (low + high) / 2.0;
}

double calibration_error(const ScoredClips& clips, std::span<const float> scores) {
  return expected_calibration_error(reliability_bins(highest_scores(scores, clips.labels.size()),
                                                     hits(scores, clips.present, clips.labels.size())));
}

}  // namespace

std::vector<float> at_temperature(std::span<const float> scores, std::size_t classes, Scores kind,
                                  double temperature) {
  const std::vector<double> logits = logits_of(scores, kind);
  std::vector<float> result;
  result.reserve(scores.size());
  for (std::size_t first = 0; first < logits.size(); first += classes) {
    const auto row = std::span(logits).subspan(first, classes);
    const double log_sum = kind == Scores::sigmoid ? 0.0 : log_sum_exp(row, 1.0 / temperature);
    for (const double logit : row) {
      result.push_back(static_cast<float>(kind == Scores::sigmoid
                                              ? 1.0 / (1.0 + std::exp(-logit / temperature))
                                              : std::exp(logit / temperature - log_sum)));
    }
  }
  return result;
}

TemperatureFit fit_temperature(const ScoredClips& clips, Scores kind) {
  const Loss loss(clips, kind);
  const double low = std::log(kLeastTemperature);
  const double high = std::log(kMostTemperature);
  const double best = golden_section(loss, low, high);
  const double least = loss.at(std::exp(best));
  // At the least temperature the loss of clips that are all right may be flat, 0 for want of smaller numbers,
  // and the search ends anywhere.
  const bool never_wrong = best - low < 1e-5 || loss.at(kLeastTemperature) <= least;
  if (never_wrong || high - best < 1e-5) {
    throw Error(
        ExitCode::bad_data,
        fmt::format(
            "found no temperature from {} to {} at which the {} clips' loss is least, expected one: {}",
            kLeastTemperature, kMostTemperature, clips.size(),
            never_wrong ? "their scores are never wrong, so nothing tells how sure to be"
                        : "their scores know nothing of them"));
  }
  TemperatureFit fit;
  fit.temperature = std::exp(best);
  fit.loss_before = loss.at(1.0);
  fit.loss_after = least;
  fit.calibration_error_before = calibration_error(clips, clips.scores);
  fit.calibration_error_after =
      calibration_error(clips, at_temperature(clips.scores, clips.labels.size(), kind, fit.temperature));
  return fit;
}

}  // namespace earshot
