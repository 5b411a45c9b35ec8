#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "train/measuring/Evaluation.h"

using namespace earshot;
using Catch::Matchers::Contains;

namespace {

// Five clips of three classes: a right, a right, a taken for b, b right, b taken for a; c has no clip.
Evaluation example_evaluation() {
  const std::vector<float> scores{0.5F,  0.25F, 0.25F, 0.5F,  0.25F, 0.25F, 0.25F, 0.5F,
                                  0.25F, 0.25F, 0.5F,  0.25F, 0.5F,  0.25F, 0.25F};
  return evaluate(scores, std::vector<int>{0, 0, 0, 1, 1}, {"a", "b", "c"});
}

}  // namespace

TEST_CASE("accuracy, loss, confusion and the figures of each class are those counted by hand") {
  const Evaluation evaluation = example_evaluation();
  CHECK(evaluation.clips == 5);
  CHECK(evaluation.correct == 3);
  CHECK(evaluation.accuracy == Approx(0.6));
  CHECK(evaluation.loss == Approx((3.0 * std::log(2.0) + 2.0 * std::log(4.0)) / 5.0));
  CHECK(evaluation.confusion == std::vector<std::size_t>{2, 1, 0, 1, 1, 0, 0, 0, 0});
  CHECK(evaluation.per_class[0].precision == Approx(2.0 / 3.0));
  CHECK(evaluation.per_class[0].recall == Approx(2.0 / 3.0));
  CHECK(evaluation.per_class[1].precision == Approx(0.5));
  CHECK(evaluation.per_class[1].f1 == Approx(0.5));
  CHECK(evaluation.per_class[2].support == 0);
  CHECK(evaluation.per_class[2].f1 == 0.0);
}

TEST_CASE("windows come to a clip by their geometric mean, and one without any is wrong") {
  Model model;
  model.labels = {"a", "b", "c"};
  DataSet data{"data", {"a", "b", "c"}, {}};
  for (const int label : {0, 1, 2}) {
    LabelledClip clip;
    clip.path = "data/" + std::to_string(label) + ".wav";
    clip.label = label;
    data.clips.push_back(clip);
  }
  const std::vector<std::size_t> clip_of{0, 0, 1};
  const std::vector<std::size_t> quiet{2};
  ScoredClips windows = unscored_clips(model, data, clip_of);
  windows.scores = {0.8F, 0.1F, 0.1F, 0.2F, 0.4F, 0.4F, 0.1F, 0.8F, 0.1F};
  for (const Scores kind : {Scores::sigmoid, Scores::softmax}) {
    model.architecture.scores = kind;
    const ScoredClips clips = by_clips(windows, model, data, clip_of, quiet);
    REQUIRE(clips.size() == 3);
    CHECK(clips.truth == std::vector<int>{0, 1, 2});
    const float sum = kind == Scores::softmax ? 0.8F : 1.0F;  // 0.4 + 0.2 + 0.2
    CHECK(clips.scores[0] == Approx(0.4F / sum));
    CHECK(clips.scores[1] == Approx(0.2F / sum));
    CHECK(clips.scores[4] == Approx(0.8F));
    CHECK(clips.scores[8] == 0.0F);
    CHECK(clips.scores[6] > 0.0F);
    const Evaluation evaluation = evaluate(clips, kind);
    CHECK(evaluation.clips == 3);
    CHECK(evaluation.correct == 2);
    // As evaluate compares them, too: nobody is sure of what nobody heard.
    const ScoredClips among = clips.among(model.labels, kind == Scores::softmax);
    CHECK(among.scores[6] < 1e-6F);
    CHECK(by_clips(windows, model, data, std::vector<std::size_t>{0, 1, 2}, {}).scores == windows.scores);
  }
}

TEST_CASE("Wilson's interval is the published one and stays within 0 and 1") {
  // Newcombe 1998, table I: 81 of 263, 0.2553 to 0.3662; 0 of 20, 0 to 0.1611.
  CHECK(wilson_interval(81, 263).low == Approx(0.2553).margin(5e-5));
  CHECK(wilson_interval(81, 263).high == Approx(0.3662).margin(5e-5));
  CHECK(wilson_interval(0, 20).low == 0.0);
  CHECK(wilson_interval(0, 20).high == Approx(0.1611).margin(5e-5));
  CHECK(wilson_interval(20, 20).high == 1.0);
  CHECK(wilson_interval(0, 0).high == 1.0);
}

TEST_CASE("an evaluation as JSON holds what is promised") {
  const boost::json::value document = boost::json::parse(evaluation_json(example_evaluation()));
  CHECK(document.at("accuracy").as_double() == 0.6);
  CHECK(document.at("clips").as_int64() == 5);
  CHECK(document.at("top3_accuracy") == 1);
  CHECK(document.at("ece").as_double() == Approx(0.1));  // five times a confidence of 0.5, three right
  CHECK(document.at("map").as_double() == Approx(((2.0 / 3.0) * (2.0 / 3.0) + 0.6 / 3.0 + 0.25 + 0.2) / 2.0));
  CHECK(document.at("correct").as_int64() == 3);
  CHECK(document.at("labels") == boost::json::value{"a", "b", "c"});
  CHECK(document.at("confusion") == boost::json::value{{2, 1, 0}, {1, 1, 0}, {0, 0, 0}});
  const boost::json::object& b = document.at("per_class").at(1).as_object();
  CHECK(b.at("label") == "b");
  CHECK(b.at("precision").as_double() == 0.5);
  CHECK(b.at("recall").as_double() == 0.5);
  CHECK(b.at("f1").as_double() == 0.5);
  CHECK(b.at("support").as_int64() == 2);
}

TEST_CASE("an evaluation for people names accuracy, interval and classes") {
  CHECK_THAT(evaluation_text(example_evaluation()), Contains("accuracy 60.00 % (3 of 5), 95 % interval 23.1 to 88.2 %"));
}
