// Goldens: scikit-learn 1.9.1 (numpy 2.4.6) on multiples of 1/16, which floats hold exactly; tolerance 1e-12.
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "train/measuring/Metrics.h"

using namespace earshot;

namespace {

std::vector<float> sixteenths(const std::vector<int>& counts) {
  std::vector<float> scores;
  for (const int count : counts) scores.push_back(static_cast<float>(count) / 16.0F);
  return scores;
}

// Twelve clips of four classes, with many equal scores.
const std::vector<float> kScores =
    sixteenths({4, 6, 4, 2, 3, 3, 7, 3, 0, 7, 6, 3, 4, 3, 4, 5, 3, 4, 5, 4, 4, 8, 3, 1,
                4, 8, 1, 3, 2, 5, 2, 7, 1, 5, 5, 5, 6, 4, 3, 3, 4, 3, 1, 8, 2, 6, 3, 5});
const std::vector<int> kTruth{0, 2, 3, 3, 0, 1, 1, 0, 2, 1, 0, 1};

// Eight clips, each with any number of three labels.
const std::vector<float> kSeveral =
    sixteenths({6, 4, 9, 1, 3, 6, 14, 15, 10, 9, 9, 1, 6, 15, 7, 4, 4, 11, 1, 15, 14, 9, 8, 12});
const std::vector<unsigned char> kPresent{0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1,
                                          0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0};

template <typename Value>
std::vector<Value> column(const std::vector<Value>& rows, std::size_t which, std::size_t classes) {
  std::vector<Value> values;
  for (std::size_t i = which; i < rows.size(); i += classes) values.push_back(rows[i]);
  return values;
}

Approx exactly(double value) {
  return Approx(value).margin(1e-12).epsilon(0.0);
}

}  // namespace

TEST_CASE("average precision is scikit-learn's, equal scores included") {
  const double expected[] = {0.36041666666666666, 0.7611111111111111, 0.75, 0.2};
  for (std::size_t label = 0; label < 4; ++label) {
    std::vector<unsigned char> positive;
    for (const int truth : kTruth) positive.push_back(truth == static_cast<int>(label) ? 1 : 0);
    CHECK(average_precision(column(kScores, label, 4), positive) == exactly(expected[label]));
  }
  const double several[] = {0.6666666666666666, 0.6261904761904762, 0.19642857142857142};
  for (std::size_t label = 0; label < 3; ++label) {
    CHECK(average_precision(column(kSeveral, label, 3), column(kPresent, label, 3)) ==
          exactly(several[label]));
  }
}

TEST_CASE("average precision by hand: right first and third of four") {
  CHECK(average_precision(std::vector<float>{0.9F, 0.8F, 0.7F, 0.6F},
                          std::vector<unsigned char>{1, 0, 1, 0}) == exactly(0.5 * 1.0 + 0.5 * 2.0 / 3.0));
  CHECK(average_precision(std::vector<float>{0.5F, 0.5F}, std::vector<unsigned char>{1, 0}) == exactly(0.5));
  CHECK(average_precision(std::vector<float>{0.5F}, std::vector<unsigned char>{0}) == 0.0);
}

TEST_CASE("the losses and F1 over all scores are scikit-learn's") {
  CHECK(negative_log_likelihood(kScores, kTruth, 4) == exactly(1.2588651082591913));
  CHECK(binary_cross_entropy(kSeveral, kPresent) == exactly(0.9023008408446365));
  CHECK(micro_f1(kSeveral, kPresent) == exactly(0.47619047619047616));
  CHECK(micro_f1(std::vector<float>{0.1F}, std::vector<unsigned char>{0}) == 0.0);
}

TEST_CASE("a score of zero for what is the case costs much, not infinitely much") {
  CHECK(negative_log_likelihood(std::vector<float>{1.0F, 0.0F}, std::vector<int>{1}, 2) == Approx(87.3365));
  CHECK(binary_cross_entropy(std::vector<float>{1.0F, 0.0F}, std::vector<unsigned char>{0, 1}) ==
        Approx(87.3365));
}

TEST_CASE("the label is among the k highest scores, of equal ones the first counts first") {
  CHECK(top_k_correct(kScores, kTruth, 4, 1) == 5);
  CHECK(top_k_correct(kScores, kTruth, 4, 2) == 9);
  CHECK(top_k_correct(kScores, kTruth, 4, 4) == 12);
}

TEST_CASE("calibration error by hand: two bins of three that are surer than right") {
  // Thirds: 0.5 (wrong) and 0.6 (right) in the second, 0.9 and 0.7 (both wrong) and 0.8 (right) in the third.
  const std::vector<float> confidence{0.5F, 0.6F, 0.9F, 0.7F, 0.8F};
  const std::vector<unsigned char> correct{0, 1, 0, 0, 1};
  const std::vector<ReliabilityBin> bins = reliability_bins(confidence, correct, 3);
  REQUIRE(bins.size() == 3);
  CHECK(bins[0].count == 0);
  CHECK(bins[1].count == 2);
  CHECK(bins[1].accuracy() == 0.5);
  CHECK(bins[1].mean_confidence == Approx(0.55));
  CHECK(bins[2].count == 3);
  CHECK(bins[2].mean_confidence == Approx(0.8));
  CHECK(expected_calibration_error(bins) == Approx(0.4 * 0.05 + 0.6 * (0.8 - 1.0 / 3.0)));
  CHECK(expected_calibration_error({}) == 0.0);
}

TEST_CASE("a confidence on the border of two bins is of the lower one, and 0 and 1 are of the outermost") {
  const std::vector<ReliabilityBin> bins = reliability_bins(std::vector<float>{0.0F, 0.25F, 0.5F, 1.0F},
                                                            std::vector<unsigned char>{1, 1, 1, 1}, 4);
  CHECK(bins[0].count == 2);
  CHECK(bins[1].count == 1);
  CHECK(bins[2].count == 0);
  CHECK(bins[3].count == 1);
}

TEST_CASE("the standard error of a mean is the deviation over the root of the number") {
  const MeanError error = mean_and_error(std::vector<double>{0.7, 0.8, 0.9});
  CHECK(error.mean == Approx(0.8));
  CHECK(error.standard_error == Approx(0.1 / std::sqrt(3.0)));
  CHECK(mean_and_error(std::vector<double>{0.7}).standard_error == 0.0);
}
