// Split: the very clips that scikit-learn's train_test_split picks (golden/numpy_split.txt).
#include "train/data/Split.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "dsp/base/Error.h"

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

TEST_CASE("the stratified split equals scikit-learn's train_test_split with stratify") {
  std::ifstream golden(EARSHOT_SOURCE_DIR "/tests/golden/sklearn_stratified.txt");
  REQUIRE(golden);
  int cases = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::uint32_t seed = 0;
    std::size_t classes = 0;
    REQUIRE(fields >> seed >> classes);
    INFO("seed " << seed << ", " << classes << " classes");
    std::vector<int> left(classes);
    for (int& count : left) REQUIRE(fields >> count);
    std::vector<int> labels;  // taking turns
    while (std::ranges::any_of(left, [](int count) { return count > 0; })) {
      for (std::size_t label = 0; label < classes; ++label) {
        if (left[label]-- > 0) labels.push_back(static_cast<int>(label));
      }
    }
    std::size_t tests = 0, trains = 0;
    REQUIRE(fields >> tests >> trains);
    const Split split = stratified_split(labels, seed);
    REQUIRE(split.test.size() == tests);
    REQUIRE(split.train.size() == trains);
    std::uint32_t checksum = 0;
    for (const auto* part : {&split.test, &split.train}) {
      for (std::size_t i = 0; i < part->size(); ++i) {
        checksum = checksum * 31 + static_cast<std::uint32_t>((*part)[i]);
      }
    }
    for (const auto* part : {&split.test, &split.train}) {
      for (std::size_t i = 0; i < std::min<std::size_t>(5, part->size()); ++i) {
        std::size_t expected = 0;
        REQUIRE(fields >> expected);
        CHECK((*part)[i] == expected);
      }
    }
    std::uint32_t expected = 0;
    REQUIRE(fields >> expected);
    CHECK(checksum == expected);
    ++cases;
  }
  CHECK(cases == 7);
}

TEST_CASE("what scikit-learn refuses to stratify is refused") {
  CHECK_THROWS_WITH(stratified_split(std::vector<int>{0, 0, 0, 0, 0, 1}, 1),
                    "class 1: found 1 clip to split, expected 2 at least to stratify");
  CHECK_THROWS_WITH(stratified_split(std::vector<int>{0, 0, 1, 1, 2, 2}, 1),
                    "found 6 clips to split, of them 2 to validate, expected 3 at least, one for each class");
  CHECK_THROWS_AS(stratified_split(std::vector<int>{}, 1), Error);
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
