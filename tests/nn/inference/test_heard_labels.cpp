// HeardLabels: at their thresholds, none whose kind is there, the surest first.
#include "nn/inference/HeardLabels.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

Model hearing_model(Scores scores, LabelMeanings meanings = {}) {
  Model model;
  model.labels = {"Animal", "Dog", "Bark", "Cat", "Rain"};
  model.architecture.scores = scores;
  model.meanings = std::move(meanings);
  return model;
}

std::vector<std::string> heard_of(const Model& model, const std::vector<float>& scores) {
  const HeardLabels labels(model);
  std::vector<std::size_t> heard(labels.labels());
  heard.resize(labels.find(scores, heard));
  std::vector<std::string> names;
  for (const std::size_t label : heard) names.push_back(model.labels[label]);
  return names;
}

using Names = std::vector<std::string>;
const LabelMeanings kKinds{.thresholds = {}, .measured = {}, .ambience = {}, .parents = {{2, 1}, {1, 0}, {3, 0}}};

}  // namespace

TEST_CASE("without stored thresholds a softmax hears its highest label from a half on, a sigmoid all") {
  const Model one = hearing_model(Scores::softmax);
  CHECK(heard_of(one, {0.1F, 0.2F, 0.5F, 0.1F, 0.1F}) == Names{"Bark"});
  CHECK(heard_of(one, {0.1F, 0.2F, 0.49F, 0.11F, 0.1F}).empty());
  CHECK(heard_of(one, {0.5F, 0.5F, 0.0F, 0.0F, 0.0F}) == Names{"Animal"});
  const Model several = hearing_model(Scores::sigmoid);
  CHECK(heard_of(several, {0.5F, 0.7F, 0.49F, 0.0F, 0.9F}) == Names{"Rain", "Dog", "Animal"});
}

TEST_CASE("a label is not named beside a kind of it, nor beside a kind of its kinds") {
  const Model model = hearing_model(Scores::sigmoid, kKinds);
  CHECK(heard_of(model, {0.9F, 0.8F, 0.6F, 0.1F, 0.7F}) == Names{"Rain", "Bark"});
  CHECK(heard_of(model, {0.9F, 0.4F, 0.6F, 0.1F, 0.1F}) == Names{"Bark"});
  CHECK(heard_of(model, {0.9F, 0.4F, 0.4F, 0.1F, 0.1F}) == Names{"Animal"});
  CHECK(heard_of(model, {0.9F, 0.8F, 0.1F, 0.6F, 0.1F}) == Names{"Dog", "Cat"});
}

TEST_CASE("each label has its own threshold, and of equals the earlier comes first") {
  LabelMeanings meanings = kKinds;
  meanings.thresholds = {0.9F, 0.2F, 1.0F, 0.2F, 0.0F};
  const Model model = hearing_model(Scores::softmax, meanings);
  CHECK(heard_of(model, {0.3F, 0.3F, 0.99F, 0.3F, 0.0F}) == Names{"Dog", "Cat", "Rain"});
}

TEST_CASE("to find what is heard allocates nothing") {
  const HeardLabels labels(hearing_model(Scores::sigmoid, kKinds));
  const std::vector<float> scores{0.9F, 0.8F, 0.6F, 0.6F, 0.7F};
  std::vector<std::size_t> heard(5);
  const AllocationGuard guard;
  const std::size_t count = labels.find(scores, heard);
  const std::size_t allocations = guard.allocations();
  CHECK(allocations == 0);
  CHECK(count == 3);
}

}  // namespace earshot::test
