#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/measuring/Evaluation.h"
#include "train/measuring/Metrics.h"
#include "train/measuring/ScoredClips.h"
#include "train/measuring/Temperature.h"

using namespace earshot;
using Catch::Matchers::Contains;

namespace {

// `n` clips of class a, of which the model says with a margin of `logit` that they are; the last `wrong` are
// b.
ScoredClips sure_clips(int n, int wrong, double logit) {
  ScoredClips clips;
  clips.labels = {"a", "b"};
  const double score = 1.0 / (1.0 + std::exp(-logit));
  for (int i = 0; i < n; ++i) {
    const bool is_b = i >= n - wrong;
    clips.files.push_back("clip" + std::to_string(i) + ".wav");
    clips.truth.push_back(is_b ? 1 : 0);
    clips.present.insert(clips.present.end(),
                         {static_cast<unsigned char>(!is_b), static_cast<unsigned char>(is_b)});
    clips.scores.insert(clips.scores.end(), {static_cast<float>(score), static_cast<float>(1.0 - score)});
  }
  return clips;
}

}  // namespace

TEST_CASE("the temperature makes a model that is right in three of four as sure as that") {
  // Every clip has the margin 4 and 3 of 4 are right: the loss is least where the score is 3/4, at T = 4 /
  // ln 3.
  const ScoredClips clips = sure_clips(8, 2, 4.0);
  const TemperatureFit fit = fit_temperature(clips, Scores::softmax);
  CHECK(fit.temperature == Approx(4.0 / std::log(3.0)).epsilon(1e-6));
  CHECK(fit.loss_before == Approx(negative_log_likelihood(clips.scores, clips.truth, 2)).epsilon(1e-5));
  CHECK(fit.loss_after == Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)));
  CHECK(fit.calibration_error_before == Approx(1.0 / (1.0 + std::exp(-4.0)) - 0.75));
  CHECK(fit.calibration_error_after == Approx(0.0).margin(1e-6));
  CHECK(at_temperature(clips.scores, 2, Scores::softmax, fit.temperature)[0] == Approx(0.75));
}

TEST_CASE("two sigmoids of opposite margins have the temperature of the softmax of one margin") {
  ScoredClips clips = sure_clips(8, 2, 4.0);
  const TemperatureFit fit = fit_temperature(clips, Scores::sigmoid);
  CHECK(fit.temperature == Approx(4.0 / std::log(3.0)).epsilon(1e-5));
  CHECK(fit.loss_before == Approx(binary_cross_entropy(clips.scores, clips.present)).epsilon(1e-5));
}

TEST_CASE("a model that is too timid gets a temperature below 1") {
  CHECK(fit_temperature(sure_clips(10, 1, 0.5), Scores::softmax).temperature ==
        Approx(0.5 / std::log(9.0)).epsilon(1e-6));
}

TEST_CASE("scores that are never wrong have no best temperature, nor have those that know nothing") {
  CHECK_THROWS_WITH(fit_temperature(sure_clips(8, 0, 4.0), Scores::softmax), Contains("never wrong"));
  CHECK_THROWS_WITH(fit_temperature(sure_clips(8, 4, 4.0), Scores::softmax), Contains("know nothing"));
}

TEST_CASE(
    "scores are read back from their file, whatever the order of its columns, several labels included") {
  const test::TemporaryDirectory directory;
  ScoredClips clips;
  clips.labels = {"tea, cold", "b", "c"};
  clips.files = {"1.wav", "2.wav"};
  clips.truth = {1, 0};
  clips.present = {0, 1, 1, 1, 0, 0};
  clips.folds = {2, 1};
  clips.scores = {0.1F, 0.7F, 0.2F, 1e-30F, 1.0F / 3.0F, 2.0F / 3.0F};
  const std::string text = scores_csv(clips);
  CHECK(text.substr(0, text.find('\n')) == "file,label,predicted,\"tea, cold\",b,c,fold");
  CHECK_THAT(text, Contains("1.wav,b;c,b,"));
  const std::filesystem::path path = directory.write("scores.csv", text);
  const ScoredClips same = read_scores_csv(path, clips.labels);
  CHECK(same.files == clips.files);
  CHECK(same.truth == clips.truth);
  CHECK(same.present == clips.present);
  CHECK(same.folds == clips.folds);
  CHECK(same.scores == clips.scores);
  const ScoredClips turned = read_scores_csv(path, {"c", "b", "tea, cold"});
  CHECK(turned.truth == std::vector<int>{1, 2});
  CHECK(turned.scores[0] == 0.2F);

  CHECK_THROWS_WITH(read_scores_csv(path, {"b", "c"}), Contains("found 7 columns"));
  CHECK_THROWS_WITH(read_scores_csv(path, {"b", "c", "d"}), Contains("no column 'd'"));
  directory.write("bad.csv", "file,label,predicted,a,b\n1.wav,a,a,1.5,0\n");
  CHECK_THROWS_WITH(read_scores_csv(directory / "bad.csv", {"a", "b"}),
                    Contains("bad.csv:2: a: found '1.5'"));
  directory.write("bad.csv", "file,label,predicted,a,b\n1.wav,x,a,0.5,0\n");
  CHECK_THROWS_WITH(read_scores_csv(directory / "bad.csv", {"a", "b"}), Contains("label: found 'x'"));
  directory.write("bad.csv", "file,label,predicted,a,b\n");
  CHECK_THROWS_WITH(read_scores_csv(directory / "bad.csv", {"a", "b"}), Contains("found no clip"));
}

TEST_CASE("of several labels at once the highest score is right if it is any of them") {
  ScoredClips clips;
  clips.labels = {"a", "b", "c"};
  clips.truth = {0, 1, 0};
  clips.present = {1, 1, 0, 0, 1, 0, 1, 0, 0};
  clips.scores = {0.4F, 0.8F, 0.1F, 0.6F, 0.7F, 0.2F, 0.3F, 0.45F, 0.1F};
  const Evaluation evaluation = evaluate(clips, Scores::sigmoid);
  CHECK(evaluation.correct == 2);
  CHECK(evaluation.confusion == std::vector<std::size_t>{0, 1, 0, 0, 2, 0, 0, 0, 0});
  CHECK(evaluation.loss == Approx(binary_cross_entropy(clips.scores, clips.present)));
  // From 0.5 on: b of the first, a and b of the second.
  CHECK(evaluation.micro_f1 == Approx(2.0 * 2.0 / (3.0 + 4.0)));
  CHECK(evaluation.per_class[0].precision == 0.0);
  CHECK(evaluation.per_class[1].precision == 1.0);
  CHECK(evaluation.per_class[1].recall == 1.0);
  CHECK(evaluation.per_class[0].support == 2);
  // a: 0.6 wrong, 0.4 right, 0.3 right; b: 0.8 and 0.7 right; c is in no clip.
  CHECK(evaluation.mean_average_precision == Approx((0.5 * 0.5 + 0.5 * 2.0 / 3.0 + 1.0) / 2.0));
  CHECK_THAT(evaluation_text(evaluation), Catch::Matchers::StartsWith("mean average precision 0.79"));
  CHECK(evaluation_object(evaluation).at("micro_f1").as_double() == Approx(4.0 / 7.0));
}
