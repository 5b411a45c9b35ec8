// RunSettings: what must be equal for a run to go on, and how a difference is told.
#include "train/learning/RunSettings.h"

#include <functional>
#include <string>

#include "dsp/base/Error.h"
#include "nn/model/ModelJson.h"
#include "tests/support/TemporaryDirectory.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

using Catch::Matchers::EndsWith;
using Settings = std::map<std::string, std::string>;

/// How a run is refused that goes on with `now` and began with `then`; empty if it is not.
std::string refusal(const Settings& now, const Settings& then, const TrainConfig& config = {}) {
  TrainingState state;
  state.settings = then;
  try {
    refuse_other_settings(now, state, config, "run/resume.safetensors");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    return error.what();
  }
  return {};
}

Architecture network() {
  return {"own",
          {8, 8, 1},
          {{"first", Conv2d{16}}, {"pool", GlobalAveragePool2d{}}, {"last", Dense{2}}}};
}

std::string network_refusal(const std::function<void(Architecture&)>& change) {
  Architecture changed = network();
  change(changed);
  return refusal({{"network", format_architecture(changed)}}, {{"network", format_architecture(network())}});
}

/// Two clips of two classes.
struct Clips {
  DataSet data{"data", {"cat", "dog"}, {{"data/cat/1.wav", 0}, {"data/dog/1.wav", 1}}};
  FeatureSet train;

  Clips() {
    train.labels = {0, 1};
    train.clips = {0, 1};
    train.contents = {11, 12};
  }
  Settings settings(const TrainConfig& config = {}) const { return run_settings(config, data, train, {}); }
};

}  // namespace

TEST_CASE("a run of equal settings goes on, and one of more epochs if no schedule depends on them") {
  const Clips clips;
  TrainConfig config;
  const Settings then = clips.settings(config);
  CHECK(refusal(then, then).empty());
  config.epochs += 5;
  CHECK(refusal(clips.settings(config), then, config).empty());
  config.optimization.plan.schedule = LearningRatePlan::Schedule::cosine;
  CHECK_THAT(refusal(clips.settings(config), then, config), Catch::Contains("cannot go on"));
}

TEST_CASE("a run goes on with the statistics that it began with") {
  const Clips clips;
  TrainConfig config;
  const Settings then = clips.settings(config);
  config.batch_norm_statistics = TrainConfig::BatchNormStatistics::measured;
  CHECK_THAT(refusal(clips.settings(config), then, config),
             EndsWith("train.batch_norm_statistics: found 'measured', expected 'running' as the run began"));
}

TEST_CASE("a change of a network is told by layer and key, not by two networks") {
  const std::string begin = "run/resume.safetensors: cannot go on: ";
  CHECK(network_refusal([](Architecture& a) { a.layers[0].kind = Conv2d{32}; }) ==
        begin + "network: layer \"first\": filters: found 32, expected 16 as the run began");
  CHECK(network_refusal([](Architecture& a) { a.layers[1] = {"drop", Dropout{0.5F}}; }) ==
        begin + "network: layer \"pool\": name: found \"drop\", expected \"pool\" as the run began");
  CHECK(network_refusal([](Architecture& a) { a.layers.pop_back(); }) ==
        begin + "network: layer \"last\": found nothing, expected \"last\" as the run began");
  CHECK(network_refusal([](Architecture& a) { a.layers.push_back({"more", Dense{3}}); }) ==
        begin + "network: layer \"more\": found \"more\", expected nothing as the run began");
}

TEST_CASE("a change of a recipe is told by its key, one of the labels by its number") {
  FeatureRecipe recipe;
  recipe.mel_bands = 64;
  FeatureRecipe other = recipe;
  other.mel_bands = 128;
  CHECK_THAT(refusal({{"recipe.fields", format_recipe(other)}}, {{"recipe.fields", format_recipe(recipe)}}),
             EndsWith("recipe.fields: mel_bands: found 128, expected 64 as the run began"));
  Clips clips;
  const Settings then = clips.settings();
  clips.data.labels[1] = "wolf";
  CHECK_THAT(refusal(clips.settings(), then),
             EndsWith("data.labels: 2: found \"wolf\", expected \"dog\" as the run began"));
}

TEST_CASE("a clip of other bytes, of another name or of another label is a change") {
  Clips clips;
  const Settings then = clips.settings();
  SECTION("bytes") {
    clips.train.contents[1] = 13;
    CHECK_THAT(refusal(clips.settings(), then),
               Catch::Contains("data.train.sounds: found '") && EndsWith("a sound was replaced since"));
  }
  SECTION("bytes that two clips have exchanged") {
    std::swap(clips.train.contents[0], clips.train.contents[1]);
    CHECK_FALSE(refusal(clips.settings(), then).empty());
  }
  SECTION("a folder") {
    clips.data.clips[1].path = "data/dogs/1.wav";
    CHECK_THAT(refusal(clips.settings(), then), Catch::Contains("data.train: found '2 clips"));
  }
  SECTION("a label") {
    clips.data.clips[1].label = 0;
    CHECK_FALSE(refusal(clips.settings(), then).empty());
  }
}

TEST_CASE("the bytes of background sounds must be as they were") {
  const TemporaryDirectory directory;
  directory.write("noises/hum.wav", "one");
  TrainConfig config;
  config.samples.audio.background.emplace().folder = directory / "noises";
  const Clips clips;
  const Settings then = clips.settings(config);
  CHECK(refusal(clips.settings(config), then).empty());
  directory.write("noises/hum.wav", "two");
  CHECK_THAT(refusal(clips.settings(config), then),
             Catch::Contains("data.background") && EndsWith("a sound was replaced since"));
}

}  // namespace earshot::test
