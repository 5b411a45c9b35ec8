// DataSet: the three layouts, what is wrong with others, and class weights.
#include "train/DataSet.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "dsp/Error.h"
#include "tests/support/Esc10.h"
#include "tests/support/TemporaryDirectory.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("a meta.csv with audio/ gives labels in the order of their targets, and folds") {
  const TemporaryDirectory directory;
  const std::string list = GENERATE("meta.csv", "meta/esc50.csv");
  directory.write(list,
                  "fold,filename,esc10,target,category\n"
                  "2,b.ogg,True,1,rain\n1,a.ogg,True,0,\"dog, barking\"\n2,c.ogg,True,1,rain\n");
  const DataSet data = read_data_set(directory.path());
  CHECK(data.labels == Labels{"dog, barking", "rain"});
  REQUIRE(data.clips.size() == 3);
  CHECK(data.clips[0].path == directory / "audio/b.ogg");
  CHECK(data.clips[0].label == 1);
  CHECK(data.clips[0].fold == 2);
  CHECK(data.clips[0].part == Part::train);
  CHECK(data.clips[1].label == 0);
  CHECK(data.clips[1].fold == 1);
}

TEST_CASE("Train.csv and Test_Public.csv give ten numbered classes in two parts") {
  const TemporaryDirectory directory;
  directory.write("Train.csv", "file_name,classID\r\nx.wav,9\r\ny.wav,0\r\n");
  SECTION("with a test list") {
    directory.write("Test_Public.csv", "file_name,classID\nz.wav,3\n");
    const DataSet data = read_data_set(directory.path());
    CHECK(data.labels == Labels{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
    REQUIRE(data.clips.size() == 3);
    CHECK(data.clips[0].path == directory / "Train/x.wav");
    CHECK(data.clips[0].label == 9);
    CHECK(data.clips[0].fold == 0);
    CHECK(data.clips[2].path == directory / "Test_Public/z.wav");
    CHECK(data.clips[2].label == 3);
    CHECK(data.clips[2].part == Part::test);
  }
  SECTION("without one") {
    const DataSet data = read_data_set(directory.path());
    CHECK(data.clips.size() == 2);
    CHECK(std::all_of(data.clips.begin(), data.clips.end(),
                      [](const auto& clip) { return clip.part == Part::train; }));
  }
}

TEST_CASE("one folder per class gives labels by name, hidden and empty folders left out") {
  const TemporaryDirectory directory;
  for (const char* file :
       {"rain/2.flac", "rain/1.flac", "rain/.cache", "dog/x.wav", ".git/config", "note.txt"}) {
    directory.write(file, "");
  }
  std::filesystem::create_directory(directory / "empty");
  const DataSet data = read_data_set(directory.path());
  CHECK(data.labels == Labels{"dog", "rain"});
  REQUIRE(data.clips.size() == 3);
  CHECK(data.clips[0].path == directory / "dog/x.wav");
  CHECK(data.clips[1].path == directory / "rain/1.flac");
  CHECK(data.clips[2].path == directory / "rain/2.flac");
  CHECK(data.clips[2].label == 1);
}

TEST_CASE("a wrong list is refused with file, line, what was found and what was expected") {
  const std::string esc = "filename,fold,target,category\n";
  const std::string source = "file_name,classID\n";
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"meta.csv", "filename,fold,target\na.wav,1,0\n",
       "meta.csv:1: found the columns 'filename,fold,target', expected one named 'category'"},
      {"meta.csv", esc, "meta.csv: found no clip, expected a line for each"},
      {"meta.csv", esc + "a.wav,1,zero,dog\n",
       "meta.csv:2: target: found 'zero', expected a whole number from 0 to 9999"},
      {"meta.csv", esc + "a.wav,1,-1,dog\n",
       "meta.csv:2: target: found '-1', expected a whole number from 0 to 9999"},
      {"meta.csv", esc + "a.wav,1,0,dog\nb.wav,1,1.5,cat\n",
       "meta.csv:3: target: found '1.5', expected a whole number from 0 to 9999"},
      {"meta.csv", esc + "a.wav,0,0,dog\n",
       "meta.csv:2: fold: found '0', expected a whole number from 1 to 1000"},
      {"meta.csv", esc + "a.wav,1,0,\n", "meta.csv:2: category: found '', expected something"},
      {"meta.csv", esc + ",1,0,dog\n", "meta.csv:2: filename: found '', expected something"},
      {"meta.csv", esc + "a.wav,1,0,dog\nb.wav,1,0,cat\n",
       "meta.csv:3: category: found 'cat', expected 'dog', the name that target 0 has above"},
      {"meta.csv", esc + "a.wav,1,0,dog\nb.wav,1,1,dog\n",
       "meta.csv:3: target: found '1', expected 0, the number that 'dog' has above"},
      {"meta.csv", esc + "a.wav,1,0,dog\nb.wav,1,2,cat\n",
       "meta.csv: target: found no 1, expected every number from 0 to 2"},
      {"Train.csv", "file_name,class\nx.wav,1\n",
       "Train.csv:1: found the columns 'file_name,class', expected one named 'classID'"},
      {"Train.csv", source + "x.wav,10\n",
       "Train.csv:2: classID: found '10', expected a whole number from 0 to 9"},
      {"Train.csv", source + "x.wav,99999999999999999999\n",
       "Train.csv:2: classID: found '99999999999999999999', expected a whole number from 0 to 9"},
      {"Train.csv", source + "x.wav,\n",
       "Train.csv:2: classID: found '', expected a whole number from 0 to 9"},
      {"Train.csv", source, "Train.csv: found no clip, expected a line for each"},
  };
  for (const auto& [list, text, message] : cases) {
    const TemporaryDirectory directory;
    directory.write(list, text);
    INFO(message);
    try {
      read_data_set(directory.path());
      FAIL_CHECK("not refused");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::bad_data);
      CHECK(error.what() == (directory / message).string());
    }
  }
}

TEST_CASE("a directory that is no data set is refused, a missing one is missing input") {
  const TemporaryDirectory directory;
  directory.write("audio/a.wav", "");
  try {
    read_data_set(directory.path());
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    CHECK_THAT(error.what(),
               Catch::StartsWith(directory.path().string() + ": found no data set, expected meta.csv"));
  }
  try {
    read_data_set(directory / "absent");
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_input);
    CHECK_THAT(error.what(), Catch::StartsWith((directory / "absent").string() + ": not there"));
  }
}

TEST_CASE("balanced class weights are n / (K count)") {
  const std::vector<int> labels = {0, 2, 2, 1, 2, 1};
  CHECK(balanced_class_weights(labels, 3) == std::vector<float>{6.0F / 3.0F, 6.0F / 6.0F, 6.0F / 9.0F});
  CHECK_THROWS_WITH(balanced_class_weights(labels, 4),
                    "class 3: found no clip in the training part, expected one at least");
}

TEST_CASE("ESC-10 has 400 clips, ten labels and five folds of eight clips a label") {
  const auto esc10 = find_esc10();
  if (!esc10) return;
  const DataSet data = read_data_set(*esc10);
  CHECK(data.labels == Labels{"dog_bark", "rain", "sea_waves", "baby_cry", "clock_tick", "person_sneeze",
                              "helicopter", "chainsaw", "rooster", "fire_crackling"});
  CHECK(data.clips.size() == 400);
  for (int fold = 1; fold <= 5; ++fold) {
    for (int label = 0; label < 10; ++label) {
      CHECK(std::count_if(data.clips.begin(), data.clips.end(), [&](const LabelledClip& clip) {
              return clip.fold == fold && clip.label == label && std::filesystem::exists(clip.path);
            }) == 8);
    }
  }
}

}  // namespace earshot::test
