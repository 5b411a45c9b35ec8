// Recordings: which clips belong together, by their names.
#include "train/data/Recordings.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

DataSet named(const std::vector<std::pair<std::string, int>>& clips) {
  DataSet data{"data", {"a", "b"}, {}};
  for (const auto& [name, label] : clips) data.clips.push_back({"data/" + name, label});
  return data;
}

std::vector<int> groups_of(const DataSet& data) {
  std::vector<int> groups;
  for (const LabelledClip& clip : data.clips) groups.push_back(clip.group);
  return groups;
}

}  // namespace

TEST_CASE(
    "a file's name tells the recording in the forms of known data sets, else by a last number or letter") {
  struct Case {
    const char* stem;
    const char* recording;
    bool certain;
  };
  const auto [stem, recording, certain] = GENERATE(values<Case>({
      {"1-17367-A-10", "1-17367", true},
      {"1-17367-A", "1-17367", true},
      {"100032-3-0-0", "100032", true},
      {"0a7c2a8d_nohash_4", "0a7c2a8d", true},
      {"kitchen-03", "kitchen", false},
      {"kitchen_03_2", "kitchen_03", false},
      {"kitchen (3)", "kitchen", false},
      {"kitchen_b", "kitchen", false},
      {"front door.12", "front door", false},
      {"20261101_120733", "", false},  // a date and a time
      {"REC20261101", "", false},
      {"17", "", false},
      {"-17", "", false},
      {"kitchen", "", false},
      {"take3", "", false},
      {"", "", false},
      {"()", "", false},
  }));
  INFO(stem);
  const RecordingName name = recording_of(stem);
  CHECK(name.name == recording);
  CHECK(name.certain == certain);
}

TEST_CASE("clips with a common stem are one recording, across classes and extensions") {
  DataSet data = named({{"porch-1.wav", 0}, {"porch-2.flac", 1}, {"yard-1.wav", 0}, {"hall.wav", 1}});
  find_recordings(data);
  CHECK(data.groups == std::vector<std::string>{"porch"});
  CHECK(groups_of(data) == std::vector<int>{0, 0, -1, -1});
}

TEST_CASE("a stem that a whole class shares, and no other, is a mere numbering") {
  DataSet data = named({{"a-1.wav", 0}, {"a-2.wav", 0}, {"a-3.wav", 0}, {"b-1.wav", 1}, {"b-2.wav", 1}});
  find_recordings(data);
  CHECK(data.groups.empty());
  CHECK(groups_of(data) == std::vector<int>(5, -1));
  SECTION("also where every class has the same") {
    data = named({{"clip_1.wav", 0}, {"clip_2.wav", 0}, {"clip_3.wav", 1}, {"clip_4.wav", 1}});
    find_recordings(data);
    CHECK(data.groups.empty());
  }
  SECTION("but not in the forms of data sets that name their recordings") {
    data = named({{"1-100-A.ogg", 0}, {"1-100-B.ogg", 0}, {"1-200-A.ogg", 1}});
    find_recordings(data);
    CHECK(groups_of(data) == std::vector<int>{0, 0, -1});
  }
}

}  // namespace earshot::test
