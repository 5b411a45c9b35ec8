#include "train/measuring/Metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace earshot {

Interval wilson_interval(std::size_t correct, std::size_t n) noexcept {
  if (n == 0) return {};
  constexpr double z = 1.959963984540054;
  const double count = static_cast<double>(n);
  const double p = static_cast<double>(correct) / count;
  const double middle = (p + z * z / (2.0 * count)) / (1.0 + z * z / count);
  const double half =
      z / (1.0 + z * z / count) * std::sqrt(p * (1.0 - p) / count + z * z / (4.0 * count * count));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

MeanError mean_and_error(std::span<const double> values) noexcept {
  if (values.empty()) return {};
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return {mean, 0.0};
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1.0) / n)};
}

double ratio(std::size_t part, std::size_t whole) noexcept {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double bounded_log(double probability) noexcept {
  return std::log(std::max(probability, static_cast<double>(std::numeric_limits<float>::min())));
}

std::size_t predicted_class(std::span<const float> scores) noexcept {
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

std::size_t top_k_correct(std::span<const float> scores, std::span<const int> truth, std::size_t classes,
                          std::size_t k) {
  std::size_t correct = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * classes, classes);
    const auto label = static_cast<std::size_t>(truth[i]);
    std::size_t before = 0;
    for (std::size_t other = 0; other < classes; ++other) {
      if (row[other] > row[label] || (row[other] == row[label] && other < label)) ++before;
    }
    if (before < k) ++correct;
  }
  return correct;
}

double negative_log_likelihood(std::span<const float> scores, std::span<const int> truth,
                               std::size_t classes) {
  double sum = 0.0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    sum -= bounded_log(scores[i * classes + static_cast<std::size_t>(truth[i])]);
  }
  return truth.empty() ? 0.0 : sum / static_cast<double>(truth.size());
}

double binary_cross_entropy(std::span<const float> scores, std::span<const unsigned char> truth) {
  double sum = 0.0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double score = scores[i];
    sum -= bounded_log(truth[i] ? score : 1.0 - score);
  }
  return scores.empty() ? 0.0 : sum / static_cast<double>(scores.size());
}

double average_precision(std::span<const float> scores, std::span<const unsigned char> truth) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::size_t positives = 0;
  std::size_t counted = 0;  // positives up to the last distinct score
  double sum = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    positives += truth[order[i]] ? 1 : 0;
    if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
    sum += static_cast<double>(positives - counted) * ratio(positives, i + 1);
    counted = positives;
  }
  return positives == 0 ? 0.0 : sum / static_cast<double>(positives);
}

double micro_f1(std::span<const float> scores, std::span<const unsigned char> truth,
                float threshold) noexcept {
  std::size_t right = 0;
  std::size_t given = 0;
  std::size_t positives = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const bool is_given = scores[i] >= threshold;
    given += is_given ? 1 : 0;
    positives += truth[i] ? 1 : 0;
    right += is_given && truth[i] ? 1 : 0;
  }
  return ratio(2 * right, given + positives);
}

std::vector<float> highest_scores(std::span<const float> scores, std::size_t classes) {
  std::vector<float> highest;
  for (std::size_t first = 0; first < scores.size(); first += classes) {
    highest.push_back(std::ranges::max(scores.subspan(first, classes)));
  }
  return highest;
}

std::vector<unsigned char> hits(std::span<const float> scores, std::span<const unsigned char> truth,
                                std::size_t classes) {
  std::vector<unsigned char> hit;
  for (std::size_t first = 0; first < scores.size(); first += classes) {
    hit.push_back(truth[first + predicted_class(scores.subspan(first, classes))]);
  }
  return hit;
}

std::vector<ReliabilityBin> reliability_bins(std::span<const float> scores, std::span<const int> truth,
                                             std::size_t classes, std::size_t bins) {
  std::vector<float> confidence;
  std::vector<unsigned char> correct;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * classes, classes);
    const std::size_t predicted = predicted_class(row);
    confidence.push_back(row[predicted]);
    correct.push_back(predicted == static_cast<std::size_t>(truth[i]) ? 1 : 0);
  }
  return reliability_bins(confidence, correct, bins);
}

std::vector<ReliabilityBin> reliability_bins(std::span<const float> confidence,
                                             std::span<const unsigned char> correct, std::size_t bins) {
  std::vector<ReliabilityBin> result(bins);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    result[bin].low = ratio(bin, bins);
    result[bin].high = ratio(bin + 1, bins);
  }
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const double value = confidence[i];
    const auto above = std::ranges::lower_bound(result, value, {}, &ReliabilityBin::high);
    ReliabilityBin& bin = above == result.end() ? result.back() : *above;
    ++bin.count;
    bin.correct += correct[i] ? 1 : 0;
    bin.mean_confidence += value;
  }
  for (ReliabilityBin& bin : result) {
    if (bin.count > 0) bin.mean_confidence /= static_cast<double>(bin.count);
  }
  return result;
}

double expected_calibration_error(std::span<const ReliabilityBin> bins) noexcept {
  std::size_t clips = 0;
  double sum = 0.0;
  for (const ReliabilityBin& bin : bins) {
    clips += bin.count;
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy() - bin.mean_confidence);
  }
  return clips == 0 ? 0.0 : sum / static_cast<double>(clips);
}

}  // namespace earshot
