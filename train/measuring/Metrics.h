// Metrics: figures that compare scores with what is true: intervals, average precision, calibration,
// likelihood.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace earshot {

struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// The 95 % score interval of `correct` in `n` (Wilson 1927); 0 .. 1 for n = 0.
Interval wilson_interval(std::size_t correct, std::size_t n) noexcept;

struct MeanError {
  double mean = 0.0;
  double standard_error = 0.0;  ///< of the mean: deviation (n - 1) over the root of n; 0 for fewer than two
};
MeanError mean_and_error(std::span<const double> values) noexcept;

/// part / whole; 0 where there is nothing to divide by.
double ratio(std::size_t part, std::size_t whole) noexcept;

/// So many that are, of so many.
struct Tally {
  std::size_t found = 0;
  std::size_t of = 0;

  void count(bool is) noexcept {
    ++of;
    found += is ? 1 : 0;
  }
  double share() const noexcept { return ratio(found, of); }
};

/// Index of the highest of `scores`, the first of equals.
std::size_t predicted_class(std::span<const float> scores) noexcept;

/// How many of the n clips have their label among the `k` highest scores; of equal scores the first come
/// first. `scores` n x classes, `truth` n.
std::size_t top_k_correct(std::span<const float> scores, std::span<const int> truth, std::size_t classes,
                          std::size_t k);

/// log of a probability. One that underflowed counts as the least float, so that one clip cannot make a mean
/// infinite.
double bounded_log(double probability) noexcept;

/// Mean of -bounded_log of the score of the clip's own label. 0 without clips. `scores` n x classes, `truth`
/// n.
double negative_log_likelihood(std::span<const float> scores, std::span<const int> truth,
                               std::size_t classes);

/// Mean over all n x classes of -log of the probability given to what is the case; bounded as above.
/// `truth` n x classes, 1 where the clip has the label.
double binary_cross_entropy(std::span<const float> scores, std::span<const unsigned char> truth);

/// Area under precision over recall as steps: sum of (R_i - R_{i-1}) P_i over the distinct scores, falling,
/// as scikit-learn's average_precision_score. `truth` as `scores`: 1 where positive. 0 without a positive.
double average_precision(std::span<const float> scores, std::span<const unsigned char> truth);

/// Over all classes' scores at once: how many of the labels given (score >= threshold) are right and how many
/// of the right ones are given, as one F1. 0 where nothing is given nor right.
double micro_f1(std::span<const float> scores, std::span<const unsigned char> truth,
                float threshold = 0.5F) noexcept;

/// The highest score of each clip. `scores` n x classes.
std::vector<float> highest_scores(std::span<const float> scores, std::size_t classes);
/// Whether the clip has the label that its highest score is of. `scores` and `truth` n x classes.
std::vector<unsigned char> hits(std::span<const float> scores, std::span<const unsigned char> truth,
                                std::size_t classes);

/// The clips whose prediction was made with a confidence in (low, high].
struct ReliabilityBin {
  double low = 0.0;
  double high = 1.0;
  std::size_t count = 0;
  std::size_t correct = 0;
  double mean_confidence = 0.0;  ///< 0 for an empty bin
  double accuracy() const noexcept { return ratio(correct, count); }
};

/// Equal steps of confidence, the highest score of each clip (Guo et al. 2017). `scores` n x classes, `truth`
/// n.
std::vector<ReliabilityBin> reliability_bins(std::span<const float> scores, std::span<const int> truth,
                                             std::size_t classes, std::size_t bins = 15);
/// The same of any yes-or-no predictions: `confidence` n, each 0 .. 1; `correct` n.
std::vector<ReliabilityBin> reliability_bins(std::span<const float> confidence,
                                             std::span<const unsigned char> correct, std::size_t bins = 15);

/// Sum over the bins of their share of clips x |accuracy - confidence| (Naeini et al. 2015, Guo et al. 2017).
double expected_calibration_error(std::span<const ReliabilityBin> bins) noexcept;

}  // namespace earshot
