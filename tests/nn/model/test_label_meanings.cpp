// LabelMeanings: what does not fit the labels is refused by name; who is a kind of whom, to the last.
#include "nn/model/LabelMeanings.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

const std::vector<std::string> kSounds{"Animal", "Dog", "Bark", "Canidae", "Rain"};

std::string meanings_refusal(const LabelMeanings& meanings, const std::vector<std::string>& labels = kSounds) {
  try {
    validate(meanings, labels);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a label is a kind of its parents, of theirs, and of each once") {
  const LabelMeanings meanings{.thresholds = {}, .measured = {}, .ambience = {}, .parents = {{2, 1}, {1, 0}, {1, 3}, {3, 0}}};
  validate(meanings, kSounds);
  using Indices = std::vector<std::size_t>;
  CHECK(ancestors_of(meanings, kSounds) == std::vector<Indices>{{}, {0, 3}, {0, 1, 3}, {0}, {}});
  CHECK(ancestors_of({}, kSounds) == std::vector<Indices>(5));
}

TEST_CASE("meanings that do not fit the labels are refused, naming the label") {
  CHECK(meanings_refusal({}).empty());
  CHECK(meanings_refusal({.thresholds = {0, 1, 0.5F, 0.5F, 0.5F}, .measured = {4}, .ambience = {0}, .parents = {}}).empty());
  CHECK_THAT(meanings_refusal({.thresholds = {0.5F}, .measured = {}, .ambience = {}, .parents = {}}),
             Contains("found 1 thresholds, expected one for each of 5 labels"));
  CHECK_THAT(meanings_refusal({.thresholds = {0, 0, 1.5F, 0, 0}, .measured = {}, .ambience = {}, .parents = {}}),
             Contains("threshold of 'Bark' is 1.5"));
  CHECK_THAT(meanings_refusal({.thresholds = {}, .measured = {}, .ambience = {5}, .parents = {}}), Contains("label 5, expected less"));
  CHECK_THAT(meanings_refusal({.thresholds = {}, .measured = {}, .ambience = {}, .parents = {{2, 9}}}), Contains("label 9"));
  CHECK_THAT(meanings_refusal({.thresholds = {}, .measured = {}, .ambience = {}, .parents = {{2, 1}, {1, 3}, {3, 2}}}),
             Contains("is a kind of itself, in a circle"));
  CHECK_THAT(meanings_refusal({.thresholds = {}, .measured = {}, .ambience = {}, .parents = {{1, 1}}}),
             Contains("'Dog' is a kind of itself"));
}

TEST_CASE("a hostile file's chain of kinds is refused, and no stack or memory is spent on it") {
  std::vector<std::string> labels;
  LabelMeanings meanings;
  for (std::size_t i = 0; i < 60000; ++i) {
    labels.push_back(std::to_string(i));
    if (i > 0) meanings.parents.emplace_back(i - 1, i);
  }
  CHECK_THAT(meanings_refusal(meanings, labels), Contains("is a kind of more than 64 labels"));
  meanings.parents.assign(1'000'000, {0, 1});
  CHECK_THAT(meanings_refusal(meanings, labels), Contains("'0' is a kind of more than 64 labels"));
}

}  // namespace earshot::test
