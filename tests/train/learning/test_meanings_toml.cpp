// MeaningsToml: what labels mean as a file says it, and what a tired person gets wrong in it.
#include "train/learning/MeaningsToml.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/data/LabelList.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

const std::vector<std::string> kPetLabels{"Animal", "Dog", "Bark", "Bee, wasp, etc.", "Silence"};

std::string meanings_refused_for(const std::string& text) {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.write("meanings.toml", text);
  try {
    load_meanings(path, kPetLabels);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    const std::string line = error.what();
    CHECK(line.starts_with(path.string() + ":"));
    CHECK(line.find('\n') == std::string::npos);
    return line;
  }
  return "";
}

}  // namespace

TEST_CASE("a file says thresholds, ambience and kinds of labels") {
  const TemporaryDirectory directory;
  const LabelMeanings meanings = load_meanings(directory.write("meanings.toml", R"(
threshold = 0.25
ambience = ["Silence"]
[thresholds]
"Bee, wasp, etc." = 0.75
[kinds]
"Animal" = ["Dog", "Bee, wasp, etc."]
"Dog" = ["Bark"]
)"),
                                               kPetLabels);
  CHECK(meanings.thresholds == std::vector<float>{0.25F, 0.25F, 0.25F, 0.75F, 0.25F});
  CHECK(meanings.measured.empty());
  CHECK(meanings.ambience == std::vector<std::size_t>{4});
  CHECK(meanings.parents == std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {3, 0}, {2, 1}});
}

TEST_CASE("a mistake in it is named with file, line, key and what may have been meant") {
  CHECK(meanings_refused_for("").empty());
  CHECK_THAT(meanings_refused_for("ambience = [\"Silense\"]"),
             Contains(":1: key 'ambience': found \"Silense\", expected \"Silence\""));
  CHECK_THAT(meanings_refused_for("[kinds]\nDog = [\"Meow\"]"),
             Contains(":2: key 'kinds.Dog': found \"Meow\", expected a label of the model"));
  CHECK_THAT(meanings_refused_for("[kinds]\nDogs = [\"Bark\"]"), Contains("key 'kinds.Dogs'") && Contains("'Dog'"));
  CHECK_THAT(meanings_refused_for("[kinds]\nDog = [\"Bark\", \"Bark\"]"), Contains("twice"));
  CHECK_THAT(meanings_refused_for("[kinds]\nDog = [\"Bark\"]\nBark = [\"Dog\"]"), Contains("is a kind of itself, in a circle"));
  CHECK_THAT(meanings_refused_for("[thresholds]\nDog = 1.5"), Contains("key 'thresholds.Dog'") && Contains("1.5"));
  CHECK_THAT(meanings_refused_for("threshold = \"high\""), Contains("key 'threshold'"));
}

TEST_CASE("the table of AudioSet's labels that Earshot brings fits them") {
  const std::filesystem::path table = std::filesystem::path(EARSHOT_SOURCE_DIR) / "config/audioset-labels.toml";
  const std::filesystem::path map = std::filesystem::path(EARSHOT_SOURCE_DIR) / "../shared/yamnet/yamnet_class_map.csv";
  if (!std::filesystem::exists(map)) return skip("no ../shared/yamnet");
  const std::vector<std::string> labels = read_labels(map.string());
  REQUIRE(labels.size() == 521);
  const LabelMeanings meanings = load_meanings(table, labels);
  CHECK(meanings.ambience.size() > 20);
  const auto ancestors = ancestors_of(meanings, labels);
  const auto of = [&](const std::string& label) {
    std::set<std::string> names;
    for (const std::size_t each :
         ancestors[static_cast<std::size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin())])
      names.insert(labels[each]);
    return names;
  };
  CHECK(of("Bark").contains("Dog"));
  CHECK(of("Bark").contains("Animal"));
  CHECK(of("Chainsaw").contains("Engine"));
  CHECK(of("Chainsaw").contains("Tools"));
  CHECK(of("Helicopter") == std::set<std::string>{"Aircraft", "Vehicle"});
  CHECK(of("Sneeze").empty());
}

}  // namespace earshot::test
