// Which label a class sharpens, which it becomes, and what recordings are to labels.
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "tests/train/AlarmModel.h"
#include "train/teaching/TaughtLabels.h"

namespace earshot::test {

using Catch::Matchers::Contains;

TEST_CASE("a class sharpens the label of its name or of the map, else it is a new one, and near names are told") {
  const TaughtLabels taught = taught_labels(alarm_model(), {"Rain", "woof", "my dog", "kettle"},
                                            {{"woof", {"Bark", "here"}}}, {"Cat"});
  CHECK(taught.labels == std::vector<std::string>{"Animal", "Dog", "Bark", "Cat", "Rain", "Silence", "my dog", "kettle"});
  CHECK(taught.of_class == std::vector<std::size_t>{4, 2, 6, 7});
  CHECK(taught.rows == std::vector<std::size_t>{2, 3, 4, 6, 7});
  REQUIRE(taught.hints.size() == 1);
  CHECK_THAT(taught.hints[0], Contains("'my dog' becomes a new label") && Contains("\"my dog\" = \"Dog\""));
}

TEST_CASE("a recording is positive to its label and what that is a kind of, aside to kinds of it, negative to others") {
  const TaughtLabels taught = taught_labels(alarm_model(), {"Dog", "Rain"}, {}, {});
  const std::vector<std::size_t> dog{1};
  CHECK(taught.stand(dog, 1) == Stand::positive);
  CHECK(taught.stand(dog, 0) == Stand::positive);  // Animal
  CHECK(taught.stand(dog, 2) == Stand::aside);     // Bark: it may be one
  CHECK(taught.stand(dog, 3) == Stand::negative);  // Cat
  CHECK(taught.stand(dog, 4) == Stand::negative);  // Rain
  CHECK(taught.stand({}, 1) == Stand::negative);   // background
  const std::vector<std::size_t> several{2, 4};
  CHECK(taught.stand(several, 1) == Stand::positive);
  CHECK(taught.stand(several, 4) == Stand::positive);
}

TEST_CASE("what is rejected goes by the label of a class of that name, else by a label") {
  const TaughtLabels taught =
      taught_labels(alarm_model(), {"my dog", "Rain"}, {{"my dog", {"Bark", "here"}}}, {"my dog", "Cat"});
  CHECK(taught.rejected == std::map<std::string, std::size_t>{{"my dog", 2}, {"Cat", 3}});
  CHECK(taught.rows == std::vector<std::size_t>{2, 3, 4});
}

TEST_CASE("names are labels only all together") {
  const TaughtLabels taught = taught_labels(alarm_model(), {"Rain", "kettle"}, {}, {});
  CHECK(taught.indices_of({"Bark", "kettle"}) == std::vector<std::size_t>{2, 6});
  CHECK(taught.indices_of({}) == std::vector<std::size_t>{});
  CHECK_FALSE(taught.indices_of({"Bark", "Hund"}));
}

TEST_CASE("a map that names a class or a label that is not there is refused, with the nearest") {
  const std::vector<std::string> classes{"barking", "rain"};
  CHECK_THROWS_WITH(
      taught_labels(alarm_model(), classes, {{"barkin", {"Bark", "a.toml:3: key 'labels.barkin'"}}}, {}),
      Contains("a.toml:3: key 'labels.barkin': ") && Contains("perhaps 'barking'"));
  CHECK_THROWS_WITH(
      taught_labels(alarm_model(), classes, {{"barking", {"Barck", "a.toml:3: key 'labels.barking'"}}}, {}),
      Contains("a.toml:3: key 'labels.barking': ") && Contains("perhaps 'Bark'"));
  CHECK_THROWS_WITH(taught_labels(alarm_model(), classes, {}, {"Dogg"}),
                    Contains("_not_/Dogg") && Contains("perhaps 'Dog'"));
}

}  // namespace earshot::test
