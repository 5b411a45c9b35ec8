// DataSet: the three layouts, what is wrong with others, and class weights.
#include "train/data/DataSet.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <tuple>
#include <vector>

#include "dsp/base/Error.h"
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

TEST_CASE("labels.txt beside Train.csv names its classes") {
  const TemporaryDirectory directory;
  directory.write("Train.csv", "file_name,classID,fold\nx.wav,9,3\n");
  directory.write("labels.txt",
                  "\xEF\xBB\xBF"
                  "a\r\nb\r\nc\nd\ne\nf\ng\nh\ni\nchain saw\n\n");
  const DataSet data = read_data_set(directory.path());
  CHECK(data.labels == Labels{"a", "b", "c", "d", "e", "f", "g", "h", "i", "chain saw"});
  CHECK(data.clips.at(0).fold == 3);
  directory.write("labels.txt", "a\nb\n");
  CHECK_THROWS_WITH(
      read_data_set(directory.path()),
      (directory / "labels.txt").string() + ": found 2 names, expected 10, a line for each class");
  directory.write("labels.txt", "a\na\n");
  CHECK_THROWS_WITH(read_data_set(directory.path()),
                    (directory / "labels.txt").string() + ":2: found 'a' twice, expected each name once");
}

TEST_CASE("a name in labels.txt that is none is refused with its line, and so is a folder's") {
  const TemporaryDirectory directory;
  directory.write("Train.csv", "file_name,classID\nx.wav,9\n");
  directory.write("labels.txt", "a\r\nb\r\ncaf\xE9\r\n");
  CHECK_THROWS_WITH(read_data_set(directory.path()),
                    (directory / "labels.txt").string() + ":3: 'caf\\xe9' is not UTF-8: byte 4 is 0xe9");
  directory.write("labels.txt", std::string("\xFF\xFE" "a\0\n\0", 6));
  CHECK_THROWS_WITH(read_data_set(directory.path()),
                    (directory / "labels.txt").string() +
                        ": is in UTF-16, expected names of classes in UTF-8");

  const TemporaryDirectory folders;
  folders.write("cat/1.wav", "");
  folders.write("dog/1.wav", "");
  folders.write("b\xE9n/notes.txt", "");  // no class is made of it
  CHECK(read_data_set(folders.path()).labels == Labels{"cat", "dog"});
  folders.write("two\nlines/1.wav", "");
  CHECK_THROWS_WITH(read_data_set(folders.path()),
                    (folders / "two\nlines").string() +
                        ": the folder's name, a label, holds a control character: byte 4 is \\n");
}

TEST_CASE("a clip is named by its path below the data set, whatever bytes it is called by") {
  const TemporaryDirectory directory;
  directory.write("cat/caf\xE9.wav", "");
  directory.write("dog/caf\xE9.wav", "");
  for (const std::filesystem::path& path : {directory.path(), directory / "cat/..", directory / ""}) {
    const DataSet data = read_data_set(path);
    REQUIRE(data.clips.size() == 2);
    CHECK(data.name_of(data.clips[0]) == "cat/caf\xE9.wav");
    CHECK(data.name_of(data.clips[1]) == "dog/caf\xE9.wav");
    CHECK(data.name() == directory.path().filename().string());
  }
  std::filesystem::create_symlink("loop", directory / "loop");
  DataSet unseen;
  unseen.directory = directory / "loop";
  CHECK(unseen.name() == "loop");  // cannot be looked at
  unseen.directory = "/caf\xE9";
  CHECK(unseen.name() == "caf\\xe9");
}

TEST_CASE("a list may give a clip several labels, or none of the classes") {
  const TemporaryDirectory directory;
  SECTION("meta.csv") {
    directory.write("meta.csv",
                    "filename,fold,target,category\n"
                    "a.wav,1,2;0,siren; dog\nb.wav,1,1,rain\nc.wav,2,-1,_background_\n");
    const DataSet data = read_data_set(directory.path());
    CHECK(data.labels == Labels{"dog", "rain", "siren"});
    REQUIRE(data.clips.size() == 3);
    CHECK(data.clips[0].labels() == std::vector<int>{0, 2});
    CHECK(data.clips[1].labels() == std::vector<int>{1});
    CHECK(data.clips[2].background());
    CHECK(data.clips[2].fold == 2);
    CHECK(data.clips[2].labels().empty());
  }
  SECTION("Train.csv") {
    directory.write("Train.csv", "file_name,classID\na.wav,9;4\nb.wav,-1\n");
    const DataSet data = read_data_set(directory.path());
    CHECK(data.clips.at(0).label == 4);
    CHECK(data.clips.at(0).also == std::vector<int>{9});
    CHECK(data.clips.at(1).background());
  }
}

TEST_CASE("the folder _background_ holds clips of no class in every layout") {
  const TemporaryDirectory directory;
  directory.write("_background_/hum.wav", "");
  const std::string layout = GENERATE("meta.csv", "Train.csv", "folders");
  if (layout == "meta.csv") directory.write(layout, "filename,fold,target,category\na.wav,1,0,dog\n");
  if (layout == "Train.csv") directory.write(layout, "file_name,classID\na.wav,1\n");
  if (layout == "folders") {
    directory.write("dog/a.wav", "");
    directory.write("cat/a.wav", "");
  }
  const DataSet data = read_data_set(directory.path());
  CHECK(std::ranges::find(data.labels, "_background_") == data.labels.end());
  CHECK(data.clips.front().label == (layout == "Train.csv" ? 1 : 0));
  CHECK(data.clips.back().path == directory / "_background_/hum.wav");
  CHECK(data.clips.back().background());
  CHECK(data.clips.back().fold == 0);
}

TEST_CASE("a clip listed twice alike counts once, and is named") {
  const TemporaryDirectory directory;
  directory.write("Train.csv", "file_name,classID\na.wav,1\nb.wav,1\na.wav,1\n");
  const DataSet data = read_data_set(directory.path());
  CHECK(data.clips.size() == 2);
  CHECK(data.problems == std::vector<std::string>{(directory / "Train.csv").string() +
                                                  ":4: 'a.wav' is listed in line 2, too; counted once"});
}

TEST_CASE("what folders hold besides clips is named where it may have been meant as clips") {
  const TemporaryDirectory directory;
  for (const char* file : {"dog/1.wav", "dog/2.WAV", "dog/notes.txt", "dog/more/3.wav", "cat/1.mp3",
                           "extra.wav", "pictures/1.jpg", "pictures/2.png", "README.md"}) {
    directory.write(file, "");
  }
  std::filesystem::create_directory(directory / "silence");
  const DataSet data = read_data_set(directory.path());
  CHECK(data.labels == Labels{"cat", "dog"});
  CHECK(data.clips.size() == 3);
  const auto at = [&](const char* name) { return (directory / name).string(); };
  CHECK(data.problems ==
        std::vector<std::string>{
            at("dog/more") + ": a folder inside 'dog' is not read, expected clips right in it",
            at("pictures") + ": found no sound but 2 files (.jpg, .png), no class made of it",
            at("silence") + ": found nothing in it, no class made of it",
            at("extra.wav") + ": lies beside the folders of the classes, left out"});
}

TEST_CASE("folders of pictures are no data set, nor is one class alone") {
  const TemporaryDirectory directory;
  for (const char* file : {"cat/1.jpg", "dog/1.jpg"}) directory.write(file, "");
  CHECK_THROWS_WITH(
      read_data_set(directory.path()),
      Catch::StartsWith(directory.path().string() + ": found no data set (" + (directory / "cat").string() +
                        ": found no sound but 1 file (.jpg), and others alike), expected meta.csv"));
  directory.write("dog/bark.wav", "");
  CHECK_THROWS_WITH(read_data_set(directory.path()),
                    Catch::StartsWith(directory.path().string() + ": found one class only, 'dog' ("));
}

TEST_CASE("a folder that may not be read is named") {
  const TemporaryDirectory directory;
  directory.write("cat/a.wav", "");
  directory.write("dog/a.wav", "");
  // Root may read everything, so that it has to be somebody else for a moment.
  const bool root = ::geteuid() == 0;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  std::filesystem::permissions(directory / "dog", std::filesystem::perms::none);
  if (root) REQUIRE(::seteuid(65534) == 0);
  std::string message;
  ExitCode code = ExitCode::ok;
  try {
    read_data_set(directory.path());
  } catch (const Error& error) {
    message = error.what();
    code = error.code();
  }
  if (root) REQUIRE(::seteuid(0) == 0);
  std::filesystem::permissions(directory / "dog", std::filesystem::perms::all);
  CHECK(message == (directory / "dog").string() + ": cannot be read: Permission denied");
  CHECK(code == ExitCode::no_input);
}

TEST_CASE("a list of a million clips is read in seconds") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kRows = 100'000;
#else
  constexpr std::size_t kRows = 1'000'000;
#endif
  const TemporaryDirectory directory;
  std::string list = "filename,fold,target,category\n";
  for (std::size_t i = 0; i < kRows; ++i) {
    list += "clip-" + std::to_string(i) + ".wav," + std::to_string(i % 10 + 1) + ',' +
            std::to_string(i % 50) + ",category" + std::to_string(i % 50) + '\n';
  }
  directory.write("meta.csv", list);
  const auto start = std::chrono::steady_clock::now();
  const DataSet data = read_data_set(directory.path());
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  CHECK(data.clips.size() == kRows);
  CHECK(data.labels.size() == 50);
  CHECK(passed.count() < 60.0);  // 2 s where nothing else runs and nothing is sanitized
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
      {"meta.csv", esc + "a.wav,1,-2,dog\n",
       "meta.csv:2: target: found '-2', expected a whole number from 0 to 9999"},
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
      {"meta.csv", esc + "../a.wav,1,0,dog\n",
       "meta.csv:2: filename: found '../a.wav', expected a file inside the data set"},
      {"meta.csv", esc + "/etc/passwd,1,0,dog\n",
       "meta.csv:2: filename: found '/etc/passwd', expected a file inside the data set"},
      {"meta.csv", esc + "x/../../a.wav,1,0,dog\n",
       "meta.csv:2: filename: found 'x/../../a.wav', expected a file inside the data set"},
      {"meta.csv", esc + "a.wav,1,0,dog\na.wav,1,1,cat\n",
       "meta.csv:3: filename: found 'a.wav', expected one line for it, or the same label, fold and group as "
       "in "
       "line 2"},
      {"meta.csv", esc + "a.wav,1,0,dog\na.wav,2,0,dog\n",
       "meta.csv:3: filename: found 'a.wav', expected one line for it, or the same label, fold and group as "
       "in "
       "line 2"},
      {"meta.csv", esc + "a.wav,1,0;1,dog\n",
       "meta.csv:2: category: found 'dog', expected 2 divided by ';', one for each target"},
      {"meta.csv", esc + "a.wav,1,0,dog;rain\n",
       "meta.csv:2: category: found 'dog;rain', expected 1 divided by ';', one for each target"},
      {"meta.csv", esc + "a.wav,1,0;0,dog;dog\n",
       "meta.csv:2: target: found '0;0', expected each class once"},
      {"meta.csv", esc + "a.wav,1,-1,dog\n",
       "meta.csv:2: category: found 'dog', expected _background_ beside target -1"},
      {"meta.csv", esc + "a.wav,1,3,_background_\n",
       "meta.csv:2: target: found '3', expected -1 beside _background_"},
      {"meta.csv", esc + "a.wav,1,0,caf\xE9\n",
       "meta.csv:2: category: 'caf\\xe9' is not UTF-8: byte 4 is 0xe9"},
      {"meta.csv", esc + "a.wav,1,0,dog\nb.wav,1,1;0,\"two\nlines;dog\"\n",
       "meta.csv:3: category: 'two\\nlines' holds a control character: byte 4 is \\n"},
      {"meta.csv", esc + "a.wav,1,0," + std::string(300, 'x') + '\n',
       "meta.csv:2: category: '" + std::string(80, 'x') + "...' has 300 bytes, expected at most 256"},
      {"meta.csv", esc + "deep/" + std::string(256, 'x') + ",1,0,dog\n",
       "meta.csv:2: filename: 'deep/" + std::string(75, 'x') +
           "...' has a name of 256 bytes in it, expected at most 255"},
      {"meta.csv", std::string("\xFF\xFE" "f\0i\0", 6),
       "meta.csv: is in UTF-16, expected a CSV file in UTF-8"},
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
  directory.write("a.wav", "");
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
  CHECK(balanced_class_weights(std::vector<std::size_t>{1, 2, 3}) ==
        std::vector<float>{6.0F / 3.0F, 6.0F / 6.0F, 6.0F / 9.0F});
  CHECK_THROWS_WITH(balanced_class_weights(std::vector<std::size_t>{1, 2, 3, 0}),
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
