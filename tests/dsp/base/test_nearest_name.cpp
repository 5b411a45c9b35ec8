// What may have been meant by a misspelt word.
#include "dsp/base/NearestName.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace earshot;

TEST_CASE("two neighbours that changed places are one mistake") {
  CHECK(edit_distance("kind", "knid") == 1);
  CHECK(edit_distance("kind", "kin") == 1);
  CHECK(edit_distance("kind", "bind") == 1);
  CHECK(edit_distance("", "kind") == 4);
  CHECK(edit_distance("abc", "cab") == 2);
}

TEST_CASE("a short word is not taken for another") {
  const std::vector<std::string> names = {"name", "kind", "at_end"};
  CHECK(nearest_name(names, "pace") == nullptr);
  CHECK(nearest_name(names, "knid") == &names[1]);
  CHECK(nearest_name(names, "at_ned") == &names[2]);
}
