// SampleMaker: pictures and targets that depend on clip, key and settings alone; mixing and masks.
#include "train/samples/SampleMaker.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/samples/BetweenClass.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

constexpr int kRateHz = 8000;
constexpr int kClasses = 3;

FeatureRecipe small_recipe() {
  FeatureRecipe recipe;
  recipe.name = "small";
  recipe.rate_hz = kRateHz;
  recipe.window_samples = 8000;
  recipe.fft_samples = 512;
  recipe.hop_samples = 128;
  recipe.mel_bands = 16;
  recipe.max_hz = 4000.0;
  recipe.image_height = 16;
  recipe.image_width = 24;
  return recipe;
}

/// Six tones of two classes out of three, of different lengths.
struct Tones {
  Tones() {
    DataSet data{directory.path(), {"low", "none", "high"}, {}};
    for (int i = 0; i < 6; ++i) {
      const auto path = directory / ("tone" + std::to_string(i) + ".wav");
      write_wav(path, sine(300.0 + 450.0 * i, kRateHz, static_cast<std::size_t>(3000 + 500 * i)), kRateHz);
      data.clips.push_back({path, i / 3 * 2, 0, Part::train});
    }
    std::vector<std::size_t> which(data.clips.size());
    std::iota(which.begin(), which.end(), std::size_t{0});
    features = load_features(data, which, small_recipe(), {.threads = 1});
  }
  TemporaryDirectory directory;
  FeatureSet features;
};

struct Sample {
  explicit Sample(const FeatureSet& set) : image(set.shape.size()), target(kClasses) {}
  std::vector<float> image;
  std::vector<float> target;
  bool operator==(const Sample&) const = default;
};

Sample make(SampleMaker& maker, const FeatureSet& set, std::size_t clip, std::uint64_t key) {
  Sample sample(set);
  maker.make(clip, key, sample.image, sample.target);
  return sample;
}

}  // namespace

TEST_CASE("a clip's target is its class, a share of several, or of all for what is none of them") {
  FeatureSet clips;
  clips.labels = {1, 0, kBackground};
  clips.also = {{}, {2, 3}, {}};
  std::vector<float> target(4, 9.0F);
  const auto of = [&](std::size_t clip, Scores scores) {
    fill_target(clips, clip, scores, target);
    return target;
  };
  const float third = 1.0F / 3.0F;
  CHECK(of(0, Scores::softmax) == std::vector<float>{0, 1, 0, 0});
  CHECK(of(1, Scores::softmax) == std::vector<float>{third, 0, third, third});
  CHECK(of(2, Scores::softmax) == std::vector<float>(4, 0.25F));
  CHECK(of(0, Scores::sigmoid) == std::vector<float>{0, 1, 0, 0});
  CHECK(of(1, Scores::sigmoid) == std::vector<float>{1, 0, 1, 1});
  CHECK(of(2, Scores::sigmoid) == std::vector<float>(4, 0.0F));
}

TEST_CASE("without augmentation a sample is the clip's features and its class") {
  const Tones tones;
  const SampleSource source({}, std::nullopt, small_recipe(), tones.features, kClasses, Scores::softmax);
  SampleMaker maker(source);
  CHECK_FALSE(source.sounds);
  for (std::size_t clip = 0; clip < 6; ++clip) {
    const Sample sample = make(maker, tones.features, clip, clip);
    CHECK(std::ranges::equal(sample.image, tones.features.image(clip)));
    CHECK(sample.target == (clip < 3 ? std::vector<float>{1, 0, 0} : std::vector<float>{0, 0, 1}));
  }
}

TEST_CASE("a picture's transform is the one that its key has always drawn") {
  const Tones tones;
  const ImageAugmentation::Settings picture;
  const SampleSource source({}, picture, small_recipe(), tones.features, kClasses, Scores::softmax);
  SampleMaker maker(source);
  const Sample sample = make(maker, tones.features, 4, 99);
  std::vector<float> expected(sample.image.size());
  const ImageAugmentation augmentation(picture, tones.features.shape);
  apply_affine(augmentation.draw(derive_key(99, std::uint64_t{0})), tones.features.shape,
               tones.features.image(4), expected);
  CHECK(sample.image == expected);
}

TEST_CASE("effects and mixing of probability 0 give the features that were kept, through the sound too") {
  const Tones tones;
  SampleSettings settings;
  settings.audio.gain = {0.0, {-6.0, 6.0}};
  settings.between_class = {0.0};
  settings.mixup = {0.0, 0.3};
  settings.masks.emplace().probability = 0.0;
  const SampleSource source(settings, std::nullopt, small_recipe(), tones.features, kClasses,
                            Scores::softmax);
  SampleMaker maker(source);
  CHECK(std::ranges::equal(make(maker, tones.features, 2, 5).image, tones.features.image(2)));
  CHECK(source.sounds->kept_bytes() > 0);
}

TEST_CASE("effects on a clip that is taken by its windows change the window's sound alone") {
  const TemporaryDirectory directory;
  std::vector<float> tones = sine(500.0, kRateHz, 8000);
  const std::vector<float> higher = sine(2500.0, kRateHz, 8000);
  tones.insert(tones.end(), higher.begin(), higher.end());
  write_wav(directory / "tones.wav", tones, kRateHz);
  const DataSet data{directory.path(), {"a"}, {{directory / "tones.wav", 0, 0, Part::train}}};
  FeatureRecipe recipe = small_recipe();
  recipe.clip = ClipFit::windows;
  const FeatureSet windows = load_features(data, std::vector<std::size_t>{0}, recipe, {.threads = 1});
  REQUIRE(windows.size() == 3);
  SampleSettings settings;
  settings.audio.gain = {1.0, {-6.0, -6.0}};  // which pictures relative to the loudest cell do not show
  const SampleSource source(settings, std::nullopt, recipe, windows, kClasses, Scores::softmax);
  SampleMaker maker(source);
  const auto difference = [](std::span<const float> a, std::span<const float> b) {
    float most = 0.0F;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const Sample sample = make(maker, windows, i, 5);
    CHECK(difference(sample.image, windows.image(i)) < 0.1F);
    CHECK(difference(sample.image, windows.image((i + 1) % 3)) > 0.3F);
  }
}

TEST_CASE("the same clip and key give the same bits from any maker, in any order, kept in memory or not") {
  const Tones tones;
  SampleSettings settings;
  settings.audio.shift.emplace();
  settings.audio.noise.emplace();
  settings.audio.speed.emplace();
  settings.audio.crop = {0.4, 0.0};
  settings.between_class.emplace();
  settings.mixup.emplace();
  settings.masks.emplace();
  const ImageAugmentation::Settings picture;
  const SampleSource source(settings, picture, small_recipe(), tones.features, kClasses, Scores::softmax);
  const FeatureSet unread = unread_features(tones.features.files, tones.features.labels, small_recipe());
  settings.most_sound_bytes = 0;
  const SampleSource tight(settings, picture, small_recipe(), unread, kClasses, Scores::softmax);
  SampleMaker forward(source);
  SampleMaker backward(tight);
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < 12; ++i) samples.push_back(make(forward, tones.features, i % 6, i));
  for (std::size_t i = 12; i-- > 0;) {
    CHECK(make(backward, tones.features, i % 6, i) == samples[i]);
    CHECK(std::accumulate(samples[i].target.begin(), samples[i].target.end(), 0.0F) == Approx(1.0F));
  }
  CHECK(tight.sounds->kept_bytes() == 0);
  CHECK(samples[0].image != samples[6].image);
}

TEST_CASE("between-class samples mix two classes, in even shares over all samples") {
  const Tones tones;
  SampleSettings settings;
  settings.between_class.emplace();
  const SampleSource source(settings, std::nullopt, small_recipe(), tones.features, kClasses,
                            Scores::softmax);
  SampleMaker maker(source);
  double sum = 0.0;
  double squares = 0.0;
  constexpr int kSamples = 400;
  for (std::uint64_t key = 0; key < kSamples; ++key) {
    const Sample sample = make(maker, tones.features, 1, key);
    CHECK(sample.target[1] == 0.0F);
    CHECK(sample.target[0] + sample.target[2] == Approx(1.0F));
    sum += static_cast<double>(sample.target[0]);
    squares += std::pow(static_cast<double>(sample.target[0]) - 0.5, 2);
  }
  CHECK(sum / kSamples == Approx(0.5).margin(4 / std::sqrt(12.0 * kSamples)));
  CHECK(squares / kSamples == Approx(1.0 / 12.0).margin(0.02));

  FeatureSet one_class = tones.features;
  std::ranges::fill(one_class.labels, 2);
  CHECK_THROWS_WITH(
      SampleSource(settings, std::nullopt, small_recipe(), one_class, kClasses, Scores::softmax),
      Catch::Contains("one class only"));
}

TEST_CASE("a mixture is heard as its shares: equal loudness at a half, one sound alone at the ends") {
  AWeighting weighting(44100);
  const std::vector<float> loud = sine(1000.0, 44100, 20000);
  std::vector<float> quiet = sine(1000.0, 44100, 9000);
  for (float& sample : quiet) sample *= 0.1F;
  CHECK(weighting.loudest_db(loud) - weighting.loudest_db(quiet) == Approx(20.0).margin(0.01));
  CHECK(mix_between_classes(loud, quiet, 1.0, 0, weighting) == loud);
  std::vector<float> alone(loud.size());
  std::ranges::copy(quiet, alone.begin() + 11000);
  CHECK(mix_between_classes(loud, quiet, 0.0, 11000, weighting) == alone);

  // By hand: r = 1/2, 20 dB: t = 1 / (1 + 10) = 1/11, norm = sqrt(1 + 100) / 11.
  const std::vector<float> half = mix_between_classes(loud, quiet, 0.5, 0, weighting);
  const double t = 1.0 / 11.0;
  const double norm = std::sqrt(101.0) / 11.0;
  for (const std::size_t i : {std::size_t{12}, std::size_t{7777}}) {
    CHECK(half[i] == Approx((t * loud[i] + (1.0 - t) * quiet[i]) / norm).margin(1e-4));
  }
  CHECK(half[15000] == Approx(t / norm * loud[15000]).margin(1e-4));
  // Two unlike sounds of one power keep it.
  const std::vector<float> other = sine(1003.0, 44100, 20000);
  const std::vector<float> both = mix_between_classes(loud, other, 0.3, 0, weighting);
  CHECK(mean_power(both) == Approx(mean_power(loud)).epsilon(0.25));
  CHECK(mix_between_classes(std::vector<float>(5), std::vector<float>(7), 0.5, 1, weighting) ==
        std::vector<float>(7));
}

TEST_CASE("the A curve has the standard's values") {
  // IEC 61672-1, table 3, whose 31.5 Hz is 10^1.5 Hz.
  CHECK(a_weight_db(1000.0) == Approx(0.0).margin(0.05));
  CHECK(a_weight_db(std::pow(10.0, 1.5)) == Approx(-39.4).margin(0.1));
  CHECK(a_weight_db(100.0) == Approx(-19.1).margin(0.1));
  CHECK(a_weight_db(8000.0) == Approx(-1.1).margin(0.15));
  CHECK(a_weight_db(0.0) == -80.0);
}

TEST_CASE("mixup shares two pictures as it shares their targets") {
  const Tones tones;
  SampleSettings settings;
  settings.mixup = {1.0, 1.0};
  const SampleSource source(settings, std::nullopt, small_recipe(), tones.features, kClasses,
                            Scores::softmax);
  SampleMaker maker(source);
  double sum = 0.0;
  int of_another_class = 0;
  for (std::uint64_t key = 0; key < 200; ++key) {
    const Sample sample = make(maker, tones.features, 0, key);
    if (sample.target[2] == 0.0F) continue;
    ++of_another_class;
    const float share = sample.target[0];
    sum += static_cast<double>(share);
    bool found = false;
    for (std::size_t other = 3; other < 6; ++other) {
      bool same = true;
      for (std::size_t i = 0; i < sample.image.size(); ++i) {
        const float mixed =
            share * tones.features.image(0)[i] + (1.0F - share) * tones.features.image(other)[i];
        same &= std::abs(mixed - sample.image[i]) < 1e-5F;
      }
      found |= same;
    }
    CHECK(found);
  }
  CHECK(of_another_class == Approx(100).margin(30));
  CHECK(sum / of_another_class == Approx(0.5).margin(0.12));  // Beta(1, 1) is even
}

TEST_CASE("Beta(alpha, alpha) has its mean and variance") {
  KeyedRandom random(8);
  for (const double alpha : {0.05, 0.3, 1.0, 4.0}) {
    double sum = 0.0;
    double squares = 0.0;
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw_beta(random, alpha) - 0.5;
      CHECK(std::abs(x) <= 0.5);
      sum += x;
      squares += x * x;
    }
    const double variance = 1.0 / (4.0 * (2.0 * alpha + 1.0));
    CHECK(sum / kDraws == Approx(0.0).margin(4.0 * std::sqrt(variance / kDraws)));
    CHECK(squares / kDraws == Approx(variance).epsilon(0.04));
  }
}

TEST_CASE("masks cover whole bands and moments, their most at most, with the picture's mean") {
  const bool upright = GENERATE(true, false);
  FeatureRecipe recipe;
  recipe.time_axis = upright ? TimeAxis::width : TimeAxis::height;
  recipe.channels = 2;
  recipe.image_height = upright ? 40 : 60;
  recipe.image_width = upright ? 60 : 40;
  const FeatureShape shape = recipe.shape();
  PictureMasks masks;
  masks.frequency_masks = 1;
  masks.frequency_share = 0.25;  // 10 rows
  masks.time_masks = 1;
  masks.time_share = 0.5;  // 30 columns
  std::vector<float> picture(shape.size());
  for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<float>(i % 7 + 1);
  const float mean = static_cast<float>(std::accumulate(picture.begin(), picture.end(), 0.0) /
                                        static_cast<double>(picture.size()));
  std::map<std::size_t, int> row_counts;
  std::map<std::size_t, int> column_counts;
  for (std::uint64_t key = 0; key < 2000; ++key) {
    std::vector<float> masked = picture;
    CHECK(mask_picture(masks, key, recipe, masked));
    const auto is_masked = [&](std::size_t row, std::size_t column) {
      const std::size_t at = (upright ? row * 60 + column : column * 40 + row) * 2;
      return masked[at] == mean && masked[at + 1] == mean;
    };
    std::vector<std::size_t> rows;
    std::vector<std::size_t> columns;
    for (std::size_t row = 0; row < 40; ++row) {
      bool all = true;
      for (std::size_t column = 0; column < 60; ++column) all &= is_masked(row, column);
      if (all) rows.push_back(row);
    }
    for (std::size_t column = 0; column < 60; ++column) {
      bool all = true;
      for (std::size_t row = 0; row < 40; ++row) all &= is_masked(row, column);
      if (all) columns.push_back(column);
    }
    if (!rows.empty()) REQUIRE(rows.back() - rows.front() + 1 == rows.size());
    if (!columns.empty()) REQUIRE(columns.back() - columns.front() + 1 == columns.size());
    ++row_counts[rows.size()];
    ++column_counts[columns.size()];
    const std::size_t uncovered = (40 - rows.size()) * (60 - columns.size()) * 2;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < picture.size(); ++i) kept += masked[i] == picture[i] ? 1 : 0;
    REQUIRE(kept == uncovered);
  }
  CHECK(row_counts.size() == 11);  // 0 .. 10
  CHECK(row_counts.rbegin()->first == 10);
  CHECK(column_counts.size() == 31);
  CHECK(column_counts.rbegin()->first == 30);
  CHECK(row_counts[0] == Approx(2000.0 / 11).margin(60));
}

}  // namespace earshot::test
