// Division: what trains and what validates, for each kind of split.
#include "train/commands/Division.h"

#include <algorithm>
#include <string>
#include <vector>

#include "dsp/base/Error.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

using Clips = std::vector<std::size_t>;

/// Two classes in turn, ten clips in each of two folds; the last two are background, of no fold and of
/// fold 2.
DataSet two_folds() {
  DataSet data{"data", {"dog", "cat"}, {}};
  for (int i = 0; i < 20; ++i) data.clips.push_back({"data/clip.wav", i % 2, 1 + i / 10});
  data.clips.push_back({"data/hum.wav", kBackground});
  data.clips.push_back({"data/hiss.wav", kBackground, 2});
  return data;
}

TrainConfig with(TrainConfig::Validation validation) {
  TrainConfig config;
  config.validation = validation;
  config.validation_fold = 2;
  return config;
}

bool has(const Clips& clips, std::size_t clip) {
  return std::ranges::find(clips, clip) != clips.end();
}

}  // namespace

TEST_CASE("every split shares out the clips that are not held out, and background only trains") {
  using enum TrainConfig::Validation;
  const DataSet data = two_folds();
  const auto [validation, validates] = GENERATE(
      table<TrainConfig::Validation, std::size_t>({{none, 0}, {random, 4}, {stratified, 4}, {grouped, 4}}));
  const Division whole = divide(data, with(validation), std::nullopt);
  CHECK(whole.validation.size() == validates);
  CHECK(whole.train.size() == 22 - validates);
  CHECK(has(whole.train, 20));
  CHECK(has(whole.train, 21));
  const Division part = divide(data, with(validation), 2);
  CHECK(part.train.size() + part.validation.size() == 11);
  CHECK(has(part.train, 20));
  CHECK_FALSE(has(part.train, 21));  // of the fold held out
}

TEST_CASE("a fold validates without its background, and is not the one held out") {
  const DataSet data = two_folds();
  const Division division = divide(data, with(TrainConfig::Validation::fold), std::nullopt);
  CHECK(division.validation == Clips{10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
  CHECK(division.train == Clips{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20});
  CHECK_THROWS_WITH(divide(data, with(TrainConfig::Validation::fold), 2),
                    "v6: key 'validation.fold': found 2, which --fold holds out, expected another");
}

TEST_CASE("a fold of background only cannot validate, nor does background train what validates") {
  DataSet data = two_folds();
  data.clips.back().fold = 3;
  TrainConfig config = with(TrainConfig::Validation::fold);
  config.validation_fold = 3;
  CHECK_THROWS_WITH(divide(data, config, std::nullopt), Catch::Contains("found only background in fold 3"));

  data.groups = {"yard"};
  for (LabelledClip& clip : data.clips) clip.group = 0;
  data.clips[0].group = data.clips[1].group = data.clips[20].group = -1;
  const Division division = divide(data, with(TrainConfig::Validation::grouped), std::nullopt);
  CHECK(has(division.train, 20));
  CHECK(has(division.train, 21) != has(division.validation, 2));

  for (LabelledClip& clip : data.clips) clip.label = kBackground;
  CHECK_THROWS_WITH(divide(data, with(TrainConfig::Validation::none), std::nullopt),
                    Catch::Contains("found no clip of a class to train on"));
}

TEST_CASE("training clips of one class only are refused, and a class that cannot be stratified is named") {
  DataSet data = two_folds();
  for (std::size_t i = 0; i < 10; ++i) data.clips[i].label = 1;
  CHECK_THROWS_WITH(divide(data, with(TrainConfig::Validation::none), 2),
                    "data: found only clips of 'cat' to train on, expected two classes at least");
  for (std::size_t i = 0; i < 20; ++i) data.clips[i].label = i == 0 ? 0 : 1;
  CHECK_THROWS_WITH(divide(data, with(TrainConfig::Validation::stratified), std::nullopt),
                    "data: class 'dog': found 1 clip to split, expected 2 at least to stratify");
}

}  // namespace earshot::test
