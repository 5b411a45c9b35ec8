// Split: the very clips that scikit-learn's train_test_split picks (golden/numpy_split.txt).
#include "train/Split.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "dsp/Error.h"

#include <catch2/catch.hpp>

namespace earshot::test {

TEST_CASE("the split equals scikit-learn's train_test_split") {
  std::ifstream golden(EARSHOT_SOURCE_DIR "/tests/golden/numpy_split.txt");
  REQUIRE(golden);
  int cases = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::size_t n = 0, tests = 0, trains = 0;
    std::uint32_t seed = 0;
    REQUIRE(fields >> n >> seed >> tests >> trains);
    INFO("n " << n << ", seed " << seed);
    const Split split = train_test_split(n, seed);
    REQUIRE(split.test.size() == tests);
    REQUIRE(split.train.size() == trains);

    std::uint32_t checksum = 0;
    for (const auto* part : {&split.test, &split.train}) {
      for (std::size_t i = 0; i < part->size(); ++i) {
        std::size_t expected = 0;
        if (i < 10) {
          REQUIRE(fields >> expected);
          CHECK((*part)[i] == expected);
        }
        checksum = checksum * 31 + static_cast<std::uint32_t>((*part)[i]);
      }
    }
    std::uint32_t expected = 0;
    REQUIRE(fields >> expected);
    CHECK(checksum == expected);
    ++cases;
  }
  CHECK(cases == 7);
}

TEST_CASE("every position is in exactly one part of a split") {
  const Split split = train_test_split(1001, 5);
  CHECK(split.test.size() == 201);
  std::vector<std::size_t> all = split.train;
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == 1001);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == i);
}

TEST_CASE("one clip cannot be split") {
  CHECK_THROWS_WITH(train_test_split(1, 42), "found 1 clips to split, expected 2 at least");
}

}  // namespace earshot::test
