// ImageAugmentation: Keras' affine transform pixel by pixel, and the distribution of what is drawn.
#include "train/samples/ImageAugmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

/// The picture of golden/keras_augment.py, at any size.
std::vector<float> checkered(std::size_t values) {
  std::vector<float> picture(values);
  for (std::size_t i = 0; i < values; ++i) picture[i] = static_cast<float>((i * 7919 + 13) % 251) / 255.0F;
  return picture;
}

std::vector<float> moved(const Affine& affine, const FeatureShape& shape, const std::vector<float>& picture) {
  std::vector<float> out(shape.size());
  apply_affine(affine, shape, picture, out);
  return out;
}

/// Kolmogorov-Smirnov distance of `values` from the uniform distribution on low .. high.
double distance_from_uniform(std::vector<double> values, double low, double high) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = (values[i] - low) / (high - low);
    distance = std::max({distance, std::abs(static_cast<double>(i) / n - expected),
                         std::abs(static_cast<double>(i + 1) / n - expected)});
  }
  return distance;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0.0, mean_b = 0.0, ab = 0.0, aa = 0.0, bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

TEST_CASE("an affine transform gives the picture that Keras gives") {
  std::ifstream golden(EARSHOT_SOURCE_DIR "/tests/golden/keras_augment.txt");
  REQUIRE(golden);
  for (int comment = 0; comment < 2; ++comment) golden.ignore(1000, '\n');
  int cases = 0;
  int side = 0;
  REQUIRE(golden >> cases >> side);
  const FeatureShape shape{side, side, 1};
  const std::vector<float> picture = checkered(shape.size());
  for (int i = 0; i < cases; ++i) {
    Affine affine;
    REQUIRE(golden >> affine.theta_deg >> affine.tx >> affine.ty >> affine.zx >> affine.zy);
    INFO("theta " << affine.theta_deg << " tx " << affine.tx << " ty " << affine.ty << " zx " << affine.zx
                  << " zy " << affine.zy);
    double worst = 0.0;
    for (const float ours : moved(affine, shape, picture)) {
      float expected = 0.0F;
      REQUIRE(golden >> expected);
      worst = std::max(worst, std::abs(static_cast<double>(ours) - static_cast<double>(expected)));
    }
    CHECK(worst <= 1e-5);
  }
}

TEST_CASE("a shift by whole pixels moves them and repeats the edge") {
  const FeatureShape shape{3, 4, 1};
  const std::vector<float> picture = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
  CHECK(moved({.tx = 1.0}, shape, picture) == std::vector<float>{1, 2, 3, 3, 11, 12, 13, 13, 21, 22, 23, 23});
  CHECK(moved({.ty = -1.0}, shape, picture) == std::vector<float>{0, 1, 2, 3, 0, 1, 2, 3, 10, 11, 12, 13});
}

TEST_CASE("channels are moved alike, and pictures of one row or column stay within their memory") {
  const Affine affine{.theta_deg = 8.0, .tx = 0.7, .ty = -0.4, .zx = 0.95, .zy = 1.05};
  const FeatureShape three{9, 7, 3};
  const std::vector<float> picture = checkered(three.size());
  const std::vector<float> together = moved(affine, three, picture);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    std::vector<float> alone(63);
    for (std::size_t i = 0; i < alone.size(); ++i) alone[i] = picture[i * 3 + channel];
    alone = moved(affine, {9, 7, 1}, alone);
    for (std::size_t i = 0; i < alone.size(); ++i) CHECK(together[i * 3 + channel] == alone[i]);
  }
  for (const FeatureShape& thin : {FeatureShape{1, 5, 1}, FeatureShape{5, 1, 2}, FeatureShape{1, 1, 1}}) {
    const std::vector<float> flat(thin.size(), 0.25F);
    CHECK(moved(affine, thin, flat) == flat);
  }
}

TEST_CASE("what is drawn is uniform in its range, independent, and belongs to its key") {
  const FeatureShape shape{256, 200, 1};
  const ImageAugmentation augmentation({}, shape);
  constexpr std::size_t kDraws = 20000;
  std::array<std::vector<double>, 5> drawn;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const Affine affine = augmentation.draw(derive_key(derive_key(7, i / 400), i % 400));
    const double values[] = {affine.theta_deg, affine.tx, affine.ty, affine.zx, affine.zy};
    for (std::size_t k = 0; k < drawn.size(); ++k) drawn[k].push_back(values[k]);
  }
  const double low[] = {-10.0, -25.6, -20.0, 0.9, 0.9};
  const double high[] = {10.0, 25.6, 20.0, 1.1, 1.1};
  // The 1e-4 critical value of Kolmogorov's statistic is 2.23 / sqrt(n); the keys are fixed, so this cannot
  // flake.
  for (std::size_t k = 0; k < drawn.size(); ++k) {
    CHECK(distance_from_uniform(drawn[k], low[k], high[k]) < 2.23 / std::sqrt(static_cast<double>(kDraws)));
    for (std::size_t other = 0; other < k; ++other)
      CHECK(std::abs(correlation(drawn[k], drawn[other])) < 0.03);
  }
  CHECK(augmentation.draw(99).theta_deg == augmentation.draw(99).theta_deg);
  CHECK(augmentation.draw(99).theta_deg != augmentation.draw(100).theta_deg);
}

TEST_CASE("an augmentation out of range is refused by name") {
  const FeatureShape shape{8, 8, 1};
  CHECK_THROWS_WITH(ImageAugmentation({.rotation_deg = -1.0}, shape), Catch::Contains("rotation_deg"));
  CHECK_THROWS_WITH(ImageAugmentation({.height_shift = 1.5}, shape), Catch::Contains("height_shift"));
  CHECK_THROWS_WITH(ImageAugmentation({.width_shift = NAN}, shape), Catch::Contains("width_shift"));
  CHECK_THROWS_WITH(ImageAugmentation({.zoom_low = 0.0}, shape), Catch::Contains("zoom_low"));
  CHECK_THROWS_WITH(ImageAugmentation({.zoom_low = 1.2}, shape), Catch::Contains("zoom_high"));
}

}  // namespace earshot::test
