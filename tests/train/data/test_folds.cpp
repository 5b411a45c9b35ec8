// Folds: each class shared out evenly, no recording parted, the same folds for the same seed.
#include "train/data/Folds.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/support/Esc10.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

DataSet of_labels(const std::vector<int>& labels, std::size_t classes) {
  DataSet data{"data", std::vector<std::string>(classes, "x"), {}};
  for (const int label : labels) data.clips.push_back({"data/clip.wav", label});
  return data;
}

/// Clips of a label in each fold.
std::vector<int> counts_of(const DataSet& data, const std::vector<int>& folds, int count, int label) {
  std::vector<int> counts(static_cast<std::size_t>(count), 0);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    if (data.clips[i].label == label) ++counts.at(static_cast<std::size_t>(folds[i] - 1));
  }
  return counts;
}

bool parts_no_recording(const DataSet& data, const std::vector<int>& folds) {
  std::map<int, int> fold_of;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    const int group = data.clips[i].group;
    if (group >= 0 && fold_of.try_emplace(group, folds[i]).first->second != folds[i]) return false;
  }
  return true;
}

std::vector<std::size_t> all_of(const DataSet& data) {
  std::vector<std::size_t> all(data.clips.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

}  // namespace

TEST_CASE("folds of clips that stand alone differ by one clip of a class at most") {
  std::vector<int> labels;
  for (int i = 0; i < 203; ++i) labels.push_back(i % 7 == 0 ? 2 : i % 3 == 0 ? 1 : 0);
  const DataSet data = of_labels(labels, 3);
  for (const int count : {2, 5, 10}) {
    const std::vector<int> folds = assign_folds(data, count, 7);
    for (int label = 0; label < 3; ++label) {
      const std::vector<int> counts = counts_of(data, folds, count, label);
      CHECK(std::ranges::max(counts) - std::ranges::min(counts) <= 1);
    }
    std::vector<int> sizes(static_cast<std::size_t>(count), 0);
    for (const int fold : folds) ++sizes.at(static_cast<std::size_t>(fold - 1));
    CHECK(std::ranges::max(sizes) - std::ranges::min(sizes) <= 1);
  }
}

TEST_CASE("folds depend on the seed alone") {
  const DataSet data = of_labels(std::vector<int>(100, 0), 1);
  CHECK(assign_folds(data, 5, 3) == assign_folds(data, 5, 3));
  CHECK(assign_folds(data, 5, 3) != assign_folds(data, 5, 4));
}

TEST_CASE("no fold parts a recording, and every class is in every fold as evenly as recordings allow") {
  DataSet data = of_labels({}, 4);
  KeyedRandom random(11);
  for (int group = 0; group < 120; ++group) {
    const auto clips = 1 + random.below(6);
    for (std::uint32_t i = 0; i < clips; ++i) {
      LabelledClip clip{"data/clip.wav", group % 4 - (group % 40 == 3 ? 4 : 0)};
      if (group % 10 == 0) clip.label = static_cast<int>(random.below(4));  // of several classes
      data.clips.push_back(clip);
      data.clips.back().group = group;
    }
  }
  const std::vector<int> folds = assign_folds(data, 5, 1);
  CHECK(parts_no_recording(data, folds));
  for (int label = 0; label < 4; ++label) {
    const std::vector<int> counts = counts_of(data, folds, 5, label);
    CHECK(std::ranges::max(counts) - std::ranges::min(counts) <= 3);
  }
}

TEST_CASE("folds share out clips of several labels label by label") {
  DataSet data = of_labels({}, 3);
  for (int i = 0; i < 60; ++i) {
    LabelledClip clip{"data/clip.wav", i % 2};
    if (i % 5 == 0) clip.also = {2};
    data.clips.push_back(clip);
  }
  const std::vector<int> folds = assign_folds(data, 3, 5);
  std::vector<int> with_second(3, 0);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    if (!data.clips[i].also.empty()) ++with_second.at(static_cast<std::size_t>(folds[i] - 1));
  }
  CHECK(std::ranges::min(with_second) >= 3);  // of twelve
}

TEST_CASE("clips of the test list are in no fold, background is in all") {
  DataSet data = of_labels({0, 1, 0, 1, kBackground, kBackground, 0, 1}, 2);
  data.clips[6].part = data.clips[7].part = Part::test;
  const std::vector<int> folds = assign_folds(data, 2, 1);
  CHECK(folds[6] == 0);
  CHECK(folds[7] == 0);
  CHECK(folds[4] + folds[5] == 3);
}

TEST_CASE("fewer recordings than folds are refused") {
  DataSet data = of_labels({0, 1, 0, 1}, 2);
  data.clips[0].group = data.clips[1].group = 0;
  CHECK_THROWS_WITH(
      assign_folds(data, 4, 1),
      "data: found 3 recordings (clips of one are not parted), expected 4 at least, one for each fold");
  CHECK_THROWS_WITH(assign_folds(data, 1, 1), "found 1 folds to make, expected 2 at least");
}

TEST_CASE("a grouped split takes a fifth of every class and parts no recording") {
  std::vector<int> labels;
  for (int i = 0; i < 100; ++i) labels.push_back(i % 2);
  DataSet data = of_labels(labels, 2);
  for (std::size_t i = 0; i < 40; ++i) data.clips[i].group = static_cast<int>(i / 4);
  const Split split = grouped_split(data, all_of(data), 3);
  CHECK(split.test.size() == 20);
  CHECK(split.train.size() == 80);
  CHECK(std::ranges::count_if(split.test, [&](std::size_t i) { return data.clips[i].label == 0; }) == 10);
  std::vector<int> part(data.clips.size(), 1);
  for (const std::size_t i : split.test) part[i] = 2;
  CHECK(parts_no_recording(data, part));
}

TEST_CASE("a class of one recording trains, however the lot falls") {
  DataSet data = of_labels({0, 0, 0, 0, 1, 1, 1, 1, 1}, 2);
  for (std::size_t i = 4; i < 9; ++i) data.clips[i].group = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Split split = grouped_split(data, all_of(data), seed);
    CHECK(split.test.size() == 1);
    CHECK(split.test.front() < 4);
  }
  for (std::size_t i = 0; i < 4; ++i) data.clips[i].group = 1;
  CHECK_THROWS_WITH(grouped_split(data, all_of(data), 1),
                    "data: found no class with two recordings (clips of one are not parted), expected one at "
                    "least to validate on");
}

TEST_CASE("folds of ESC-10 are as even as its author's, and part none of its recordings") {
  const auto esc10 = find_esc10();
  if (!esc10) return;
  const DataSet data = read_data_set(*esc10);
  std::vector<int> author;
  for (const LabelledClip& clip : data.clips) author.push_back(clip.fold);
  CHECK(data.groups.size() > 50);
  CHECK(parts_no_recording(data, author));  // so the names of its files tell its recordings
  const std::vector<int> folds = assign_folds(data, 5, 1);
  CHECK(parts_no_recording(data, folds));
  for (int label = 0; label < 10; ++label) {
    const std::vector<int> counts = counts_of(data, folds, 5, label);
    CHECK(std::ranges::max(counts) - std::ranges::min(counts) <= 1);
  }
}

}  // namespace earshot::test
