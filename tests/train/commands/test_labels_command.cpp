// `trainer labels`: what is taken out is gone, what stays answers as before, and what cannot be is refused.
#include "train/commands/LabelsCommand.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "nn/inference/Classifier.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "nn/model/SixteenBits.h"
#include "tests/support/BundledModel.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

// Bark is a Dog is an Animal; Yip is a Bark. Two names are as awkward as AudioSet's.
const Names kZoo = {"Animal", "Dog", "Bark", "Yip", "Child speech, kid speaking", "a=b", "Rain"};

Architecture small_chain(int classes) {
  return {.name = "small",
          .input = {32, 32, 1},
          .layers = {{"first", Conv2d{.filters = 8, .stride = 2}},
                     {"first_relu", Activation{}},
                     {"deep", DepthwiseConv2d{}},
                     {"wide", Conv2d{.filters = 24, .kernel = 1}},
                     {"wide_relu", Activation{}},
                     {"mean", GlobalAveragePool2d{}},
                     {"head", Dense{.units = classes}}},
          .scores = Scores::sigmoid};
}

Model zoo_model(Architecture architecture = small_chain(static_cast<int>(kZoo.size()))) {
  Model model;
  model.recipe.image_height = architecture.input.height;
  model.recipe.image_width = architecture.input.width;
  model.labels = kZoo;
  model.weights = initial_weights(architecture, 4);
  model.architecture = std::move(architecture);
  model.temperature = 1.5F;
  KeyedRandom random(8);
  for (float& bias : model.weights.at(model.architecture.layers.back().name + "/bias").values)
    bias = static_cast<float>(random.uniform(-1.0, 1.0));
  model.meanings = {.thresholds = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F},
                    .measured = {2, 6},
                    .ambience = {3, 6},
                    .parents = {{1, 0}, {2, 1}, {3, 2}}};
  model.provenance["made by"] = "a test";
  return model;
}

using ScoresByName = std::map<std::string, float>;

ScoresByName scores_by_name(const Model& model, std::uint64_t key = 6) {
  std::vector<float> features(model.architecture.input.size());
  KeyedRandom random(key);
  for (float& value : features) value = static_cast<float>(random.uniform());
  std::vector<float> scores(model.labels.size());
  REQUIRE(Classifier(model, 1).classify(features, scores));
  ScoresByName by_name;
  for (std::size_t i = 0; i < scores.size(); ++i) by_name[model.labels[i]] = scores[i];
  return by_name;
}

/// Each score of `after` is one of `before`, to the bit; at(new name) says which where it is called
/// otherwise.
void expect_same_scores(const ScoresByName& before, const ScoresByName& after,
                        const std::map<std::string, std::string>& renamed = {}) {
  for (const auto& [label, score] : after) {
    INFO(label);
    const auto old = renamed.find(label);
    CHECK(score == before.at(old == renamed.end() ? label : old->second));
  }
}

class LabelBench {
 public:
  explicit LabelBench(const Model& model) { save_model(model, *this / "zoo.safetensors"); }
  fs::path operator/(const std::string& name) const { return directory_ / name; }

  Finished labels(const std::vector<std::string>& changes) const {
    std::vector<std::string> arguments{EARSHOT_TRAINER, "labels", *this / "zoo.safetensors", "--out",
                                       *this / "out.safetensors"};
    arguments.insert(arguments.end(), changes.begin(), changes.end());
    return run_program(arguments);
  }
  Model changed(const std::vector<std::string>& changes) const {
    const Finished done = labels(changes);
    INFO(done.err);
    REQUIRE(done.code == 0);
    return load_model(*this / "out.safetensors");
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("labels that stay keep their scores to the bit and what is known of them, under new names too") {
  const Model model = zoo_model();
  const LabelBench bench(model);
  const Model less = bench.changed({"--remove", "Bark", "--remove", "Child speech, kid speaking", "--rename",
                                    "Rain=Wet, or worse", "--rename", "a=b=c=d"});
  CHECK(less.labels == Names{"Animal", "Dog", "Yip", "c=d", "Wet, or worse"});
  CHECK(less.meanings.thresholds == std::vector<float>{0.1F, 0.2F, 0.4F, 0.6F, 0.7F});
  CHECK(less.meanings.measured == std::vector<std::size_t>{4});
  CHECK(less.meanings.ambience == std::vector<std::size_t>{2, 4});
  // A yip, no longer a kind of bark, is a kind of dog.
  CHECK(less.meanings.parents == std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {2, 1}});
  CHECK(less.temperature == model.temperature);
  CHECK(less.provenance.at("made by") == "a test");
  CHECK(less.provenance.at("labels changed") ==
        "removed 'Bark', 'Child speech, kid speaking'; renamed 'a=b' to 'c=d', 'Rain' to 'Wet, or worse'");
  expect_same_scores(scores_by_name(model), scores_by_name(less),
                     {{"c=d", "a=b"}, {"Wet, or worse", "Rain"}});
}

TEST_CASE("a second change is told beside the first, and names may change places") {
  const LabelBench bench(zoo_model());
  const ScoresByName before = scores_by_name(zoo_model());
  bench.changed({"--remove", "Dog", "--remove", "Bark"});
  fs::rename(bench / "out.safetensors", bench / "zoo.safetensors");
  const Model twice = bench.changed({"--rename", "Rain=Yip", "--rename", "Yip=Rain"});
  CHECK(twice.labels == Names{"Animal", "Rain", "Child speech, kid speaking", "a=b", "Yip"});
  CHECK(twice.meanings.parents == std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}});
  CHECK(twice.provenance.at("labels changed") ==
        "removed 'Dog', 'Bark'; renamed 'Yip' to 'Rain', 'Rain' to 'Yip'");
  expect_same_scores(before, scores_by_name(twice), {{"Rain", "Yip"}, {"Yip", "Rain"}});
}

TEST_CASE("a network of oneDNN's keeps the scores of labels that stay, too") {
  Architecture v6 = v6_architecture(static_cast<int>(kZoo.size()));
  v6.input = {64, 64, 1};
  v6.scores = Scores::sigmoid;
  const Model model = zoo_model(v6);
  const LabelBench bench(model);
  expect_same_scores(scores_by_name(model),
                     scores_by_name(bench.changed({"--remove", "Animal", "--remove", "a=b"})));
  expect_same_scores(scores_by_name(model), scores_by_name(bench.changed({"--remove", "Bark"})));
}

TEST_CASE("a softmax model's labels can be called otherwise") {
  Model model = zoo_model();
  model.architecture.scores = Scores::softmax;
  const LabelBench bench(model);
  const Model renamed = bench.changed({"--rename", "Dog=Hound"});
  CHECK(renamed.weights == model.weights);
  CHECK(renamed.meanings == model.meanings);
  expect_same_scores(scores_by_name(model), scores_by_name(renamed), {{"Hound", "Dog"}});
}

TEST_CASE(
    "the bundled model without some labels, or with just a few, answers as before and stays stored in 16 "
    "bits") {
  const auto bundled = find_bundled_model();
  if (!bundled) return;
  const Model model = load_model(*bundled);
  const ScoresByName before = scores_by_name(model);
  const TemporaryDirectory directory;
  const auto without = [&](const Names& removed) {
    std::vector<std::string> arguments{EARSHOT_TRAINER, "labels", *bundled, "--out",
                                       directory / "less.safetensors"};
    for (const std::string& label : removed) arguments.insert(arguments.end(), {"--remove", label});
    REQUIRE(run_program(arguments).code == 0);
    return load_model(directory / "less.safetensors");
  };
  const Model less = without({"Speech", "Dog", "Child speech, kid speaking"});
  CHECK(less.labels.size() == 518);
  CHECK(less.meanings.thresholds.size() == 518);
  expect_same_scores(before, scores_by_name(less));
  CHECK(as_sixteen_bits(less.weights.at("dense/kernel")));
  CHECK(fs::file_size(directory / "less.safetensors") < fs::file_size(*bundled));

  for (const std::size_t few : {3U, 1U}) {
    const Model left = without({model.labels.begin() + few, model.labels.end()});
    CHECK(left.labels.size() == few);
    expect_same_scores(before, scores_by_name(left));
    CHECK(as_sixteen_bits(left.weights.at("dense/kernel")));
  }
}

TEST_CASE("changes of labels that cannot be are refused in one line, and what was there before stays") {
  const LabelBench bench(zoo_model());
  const std::string before = "what was there before";
  const auto refused = [&](const LabelBench& at, const std::vector<std::string>& changes, int code,
                           const std::string& why) {
    std::ofstream(at / "out.safetensors") << before;
    const Finished done = at.labels(changes);
    INFO(done.err);
    CHECK(done.code == code);
    CHECK_THAT(done.err, Contains(why));
    CHECK(done.err.find('\n') == done.err.size() - 1);
    std::ifstream file(at / "out.safetensors");
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == before);
  };
  const auto wrong = [&](const std::vector<std::string>& changes, const std::string& why) {
    refused(bench, changes, 64, why);
  };
  wrong({}, "found neither --remove nor --rename");
  wrong({"--remove", "Brak"}, "--remove: found 'Brak', expected 'Bark' or another label of the model");
  wrong({"--remove", "Submarine"}, "--remove: found 'Submarine', expected a label of the model");
  wrong({"--remove", "Dog,Bark"}, "--remove: found 'Dog,Bark'");
  wrong({"--rename", "Dog"}, "--rename: found 'Dog', expected X=Y");
  wrong({"--rename", "Dgo=Hound"}, "--rename: found 'Dgo', expected 'Dog'");
  wrong({"--rename", "Dog=Rain"},
        "--rename: found 'Rain' as the new name of 'Dog', expected one that no label has");
  wrong({"--rename", "Dog=Hound", "--rename", "Bark=Hound"}, "found 'Hound' as the new name of");
  wrong({"--rename", "Dog=Hound", "--rename", "Dog=Cur"}, "found two new names of 'Dog'");
  wrong({"--rename", "Dog=Dog"}, "found 'Dog' as the new name of 'Dog', expected another");
  wrong({"--rename", "Dog="}, "the new name '' of 'Dog' is empty");
  wrong({"--rename", "Dog=two\nlines"}, "the new name 'two\\nlines' of 'Dog' holds a control character");
  wrong({"--remove", "Dog", "--rename", "Dog=Hound"}, "expected a label that stays");
  std::vector<std::string> all;
  for (const std::string& label : kZoo) all.insert(all.end(), {"--remove", label});
  wrong(all, "--remove: found all 7 labels of the model, expected fewer");

  Model twofold = zoo_model();
  twofold.labels[1] = "a";
  wrong({"--rename", "a=b=c", "--remove", "a"}, "--remove: found 'a'");
  refused(LabelBench(twofold), {"--rename", "a=b=c"}, 64, "both 'a' and 'a=b' are labels of the model");

  Model softmax = zoo_model();
  softmax.architecture.scores = Scores::softmax;
  refused(LabelBench(softmax), {"--remove", "Dog"}, 65,
          "zoo.safetensors: --remove: its scores are a softmax");
  Model behind = zoo_model();
  behind.architecture.layers.push_back({"last", LeakyRelu{}});
  refused(LabelBench(behind), {"--remove", "Dog"}, 65, "its last layer 'last' is LeakyReLU, expected Dense");
}

}  // namespace earshot::test
