// `trainer data`, the program, on small data sets with something wrong in them; and what train and evaluate
// say.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

constexpr int kRateHz = 8000;

/// A data set whose clips are short tones, each of another frequency.
class Shelf {
 public:
  const TemporaryDirectory& directory() const { return directory_; }
  fs::path path() const { return directory_.path(); }

  void clip(const fs::path& name, double frequency_hz, std::size_t samples = 2000,
            int rate_hz = kRateHz) const {
    fs::create_directories((path() / name).parent_path());
    write_wav(path() / name, sine(frequency_hz, rate_hz, samples), rate_hz);
  }

  Finished data(std::vector<std::string> options = {}) const {
    std::vector<std::string> arguments{EARSHOT_TRAINER, "data", path()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_program(std::move(arguments));
  }

 private:
  TemporaryDirectory directory_;
};

/// The findings' kinds in their order, each as often as it was found.
std::vector<std::string> kinds_of(const boost::json::value& findings) {
  std::vector<std::string> kinds;
  for (const auto& finding : findings.as_array()) kinds.emplace_back(finding.at("kind").as_string());
  return kinds;
}

const boost::json::object& finding_of(const boost::json::value& findings, const std::string& kind) {
  for (const auto& finding : findings.as_array()) {
    if (finding.at("kind").as_string() == kind) return finding.as_object();
  }
  throw std::runtime_error("no finding of kind " + kind);
}

}  // namespace

TEST_CASE("trainer data tells clips, classes, folds, rates and lengths") {
  const Shelf shelf;
  std::string list = "filename,fold,target,category\n";
  for (int i = 0; i < 8; ++i) {
    const std::string name = "clip" + std::to_string(i) + ".wav";
    shelf.clip("audio/" + name, 200.0 + 50.0 * i, 2000 + 1000 * static_cast<std::size_t>(i),
               i == 7 ? 16000 : kRateHz);
    list +=
        name + ',' + std::to_string(1 + i / 4) + ',' + std::to_string(i % 2) + (i % 2 ? ",rain\n" : ",dog\n");
  }
  shelf.directory().write("meta.csv", list);
  const Finished told = shelf.data({"--strict"});
  INFO(told.out << told.err);
  REQUIRE(told.code == 0);
  CHECK_THAT(told.out, Contains("8 clips") && Contains("2 classes, 2 folds") && Contains("no problems") &&
                           Contains("0.250 s to 1.00 s") && Contains("8000 Hz (7), 16000 Hz (1)") &&
                           Contains("all mono") && !Contains("worth a look"));
  const Finished json = shelf.data({"--json"});
  REQUIRE(json.code == 0);
  const boost::json::value report = boost::json::parse(json.out);
  CHECK(report.at("clips") == 8);
  CHECK(report.at("usable") == true);
  CHECK(report.at("labels") == boost::json::value{"dog", "rain"});
  CHECK(report.at("classes").at(1).at("folds") == boost::json::value{{"1", 2}, {"2", 2}});
  CHECK(report.at("rates_hz") == boost::json::value{{"8000", 7}, {"16000", 1}});
  CHECK(report.at("lengths_s").at("shortest") == 0.25);
  CHECK(report.at("problems").as_array().empty());
}

TEST_CASE("trainer data names what is missing, broken, silent, empty, overdriven and doubled") {
  const Shelf shelf;
  shelf.clip("cat/a.wav", 300.0);
  shelf.clip("cat/b.wav", 310.0);
  shelf.clip("cat/b again.wav", 310.0);
  shelf.clip("dog/a.wav", 400.0);
  shelf.clip("dog/cat too.wav", 300.0);
  shelf.clip("dog/short.wav", 500.0, 100);
  shelf.clip("dog/empty.wav", 500.0, 0);
  write_wav(shelf.path() / "dog/silent.wav", std::vector<float>(2000, 0.00001F), kRateHz);
  write_wav(shelf.path() / "dog/loud.wav", std::vector<float>(2000, 1.0F), kRateHz);
  std::vector<float> bad = sine(440.0, kRateHz, 2000);
  bad[7] = std::numeric_limits<float>::quiet_NaN();
  write_wav(shelf.path() / "dog/nan.wav", bad, kRateHz);
  shelf.directory().write("dog/broken.wav", "RIFF and then nothing");
  fs::create_symlink("nowhere.wav", shelf.path() / "dog/link.wav");
  shelf.directory().write("birds/robin.jpg", "");

  const Finished json = shelf.data({"--json", "--strict"});
  INFO(json.out);
  CHECK(json.code == 65);
  CHECK_THAT(json.err, Contains("found 7 problems, expected none with --strict"));
  const boost::json::value report = boost::json::parse(json.out);
  CHECK(report.at("clips") == 12);
  CHECK(report.at("readable") == 9);
  std::vector<std::string> problems = kinds_of(report.at("problems"));
  std::ranges::sort(problems);
  CHECK(problems == std::vector<std::string>{"bad_samples", "broken", "broken", "contradiction", "layout",
                                             "missing", "silent"});
  std::vector<std::string> notes = kinds_of(report.at("notes"));
  std::ranges::sort(notes);
  CHECK(notes == std::vector<std::string>{"clipped", "duplicate", "short"});
  CHECK(finding_of(report.at("problems"), "contradiction").at("about") == "dog/cat too.wav");
  CHECK(finding_of(report.at("problems"), "contradiction").at("what") == "as cat/a.wav, which is cat");
  CHECK(finding_of(report.at("problems"), "missing").at("about") == "dog/link.wav");
  CHECK(finding_of(report.at("problems"), "layout").at("about") == "birds");

  const Finished text = shelf.data();
  CHECK(text.code == 0);  // usable all the same
  CHECK_THAT(text.out, Contains("7 problems") &&
                           Contains("missing clips: 1\n    dog/link.wav: no such file\n") &&
                           Contains("worth a look"));
}

TEST_CASE("trainer data finds the same sound, and one recording, in two folds") {
  const Shelf shelf;
  for (const char* name : {"a-1", "a-2", "b-1", "b-2", "c-1", "c-2"}) {
    shelf.clip(std::string("audio/") + name + ".wav", name[0] == 'c' ? 700.0 : 10.0 * name[0] + name[2]);
  }
  shelf.directory().write(
      "meta.csv",
      "filename,fold,target,category,group\n"
      "a-1.wav,1,0,dog,farm\na-2.wav,2,0,dog,farm\nb-1.wav,1,1,cat,alley\nb-2.wav,2,1,cat,\n"
      "c-1.wav,1,0,dog,\nc-2.wav,2,0,dog,\n");
  const boost::json::value report = boost::json::parse(shelf.data({"--json"}).out);
  CHECK(kinds_of(report.at("problems")) == std::vector<std::string>{"parted_recording", "duplicate_across"});
  CHECK(finding_of(report.at("problems"), "parted_recording").at("about") == "farm");
  CHECK(finding_of(report.at("problems"), "duplicate_across").at("what") ==
        "in fold 2; audio/c-1.wav in fold 1");
  CHECK(report.at("recordings").at("named_by") == "group");
  CHECK(report.at("recordings").at("count") == 5);
  CHECK(report.at("recordings").at("of_several_clips") == 1);  // farm; alley has one
}

TEST_CASE("trainer data names a fold with one class, a class without clips and one that is rare") {
  const Shelf shelf;
  std::string list = "file_name,classID,fold\n";
  for (int i = 0; i < 9; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i)) + ".wav";
    shelf.clip("Train/" + name, 200.0 + 20.0 * i);
    list += name + ',' + std::to_string(i) + ',' + std::to_string(i < 8 ? 1 : 2) + '\n';
  }
  shelf.directory().write("Train.csv", list);
  const boost::json::value report = boost::json::parse(shelf.data({"--json"}).out);
  CHECK(kinds_of(report.at("problems")) == std::vector<std::string>{"empty_class", "fold_of_one_class"});
  CHECK(finding_of(report.at("problems"), "empty_class").at("about") == "9");
  CHECK(finding_of(report.at("problems"), "fold_of_one_class").at("what") == "only clips of '8'");
  CHECK(kinds_of(report.at("notes")) == std::vector<std::string>{"fold_lacks_class"});
}

TEST_CASE("trainer data keeps to 80 columns, and cuts long lists short") {
  const Shelf shelf;
  for (int label = 0; label < 70; ++label) {
    const std::string folder =
        "a class whose name is long, as such names are, number " + std::to_string(100 + label);
    shelf.directory().write(folder + "/clip.wav", "not a sound");
    if (label < 3) shelf.clip(folder + "/good.wav", 300.0 + label);
  }
  const Finished told = shelf.data();
  INFO(told.out);
  CHECK(told.code == 0);
  CHECK_THAT(told.out, Contains("and 10 classes more") && Contains("unreadable clips: 70") &&
                           Contains("more (--json lists all)"));
  std::string line;
  std::istringstream lines(told.out.substr(told.out.find('\n') + 1));  // after the directory's name
  while (std::getline(lines, line)) CHECK(line.size() <= 80);
}

TEST_CASE(
    "trainer data on what is no data set, or holds nothing that can be read, is bad data or missing input") {
  const Shelf shelf;
  CHECK(run_program({EARSHOT_TRAINER, "data", shelf.path() / "absent"}).code == 66);
  CHECK(shelf.data().code == 65);
  CHECK(run_program({EARSHOT_TRAINER, "data"}).code == 64);
  shelf.directory().write("a/x.wav", "no sound");
  shelf.directory().write("b/x.wav", "no sound");
  const Finished told = shelf.data();
  CHECK(told.code == 65);
  CHECK_THAT(told.err, Contains("found none of 2 clips that can be read"));
}

TEST_CASE("trainer train names what is wrong with folders, and --strict makes it fatal") {
  const Shelf shelf;
  shelf.clip("cat/a.wav", 300.0);
  shelf.clip("dog/a.wav", 400.0);
  shelf.directory().write("birds/robin.jpg", "");
  const std::vector<std::string> command{EARSHOT_TRAINER, "train", "--data",  shelf.path(),
                                         "--preset",      "v6",    "--out",   shelf.path() / "run",
                                         "--epochs",      "1",     "--strict"};
  const Finished strict = run_program(command);
  CHECK(strict.code == 65);
  CHECK(strict.err == "trainer: " + (shelf.path() / "birds").string() +
                          ": found no sound but 1 file (.jpg), no class made of it\n");
}

TEST_CASE("trainer train names validation clips that hold the sound of a training clip") {
  const Shelf shelf;
  shelf.clip("audio/a.wav", 300.0);
  shelf.clip("audio/b.wav", 400.0);
  shelf.clip("audio/c.wav", 300.0);
  shelf.directory().write("meta.csv",
                          "filename,fold,target,category\na.wav,1,0,dog\nb.wav,1,1,cat\nc.wav,2,0,dog\n");
  shelf.directory().write("recipe.toml",
                          "window_s = 0.3\n[train]\nepochs = 1\n[validation]\nsplit = \"fold\"\nfold = 2\n");
  const std::vector<std::string> command{
      EARSHOT_TRAINER,     "train", "--data", shelf.path(), "--config", shelf.path() / "recipe.toml", "--out",
      shelf.path() / "run"};
  for (int run = 0; run < 2; ++run) {  // the second from features that were kept
    const Finished trained = run_program(command, {"XDG_CACHE_HOME=" + (shelf.path() / "cache").string()});
    CHECK(trained.code == 0);
    CHECK_THAT(trained.err,
               Contains((shelf.path() / "audio/c.wav").string() + ": validates with the very sound of " +
                        (shelf.path() / "audio/a.wav").string() + ", which trains\n"));
    fs::remove_all(shelf.path() / "run");
  }
}

TEST_CASE("background trains beside the classes, and is neither validated on nor evaluated") {
  const Shelf shelf;
  for (int i = 0; i < 3; ++i) {
    shelf.clip("cat/" + std::to_string(i) + ".wav", 300.0 + i);
    shelf.clip("dog/" + std::to_string(i) + ".wav", 500.0 + i);
    shelf.clip("_background_/" + std::to_string(i) + ".wav", 900.0 + i);
  }
  shelf.directory().write("recipe.toml",
                          "window_s = 0.3\n[train]\nepochs = 1\n[validation]\nsplit = \"stratified\"\n");
  const fs::path run = shelf.path() / "run";
  const std::vector<std::string> cache{"XDG_CACHE_HOME=" + (shelf.path() / "cache").string()};
  const Finished trained = run_program({EARSHOT_TRAINER, "train", "--data", shelf.path(), "--config",
                                        shelf.path() / "recipe.toml", "--out", run},
                                       cache);
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.err,
             Contains("training clips: features of 7") && Contains("validation clips: features of 2"));
  const Finished evaluated = run_program(
      {EARSHOT_TRAINER, "evaluate", run / "model.safetensors", "--data", shelf.path(), "--json"}, cache);
  REQUIRE(evaluated.code == 0);
  const boost::json::value figures = boost::json::parse(evaluated.out);
  CHECK(figures.at("clips") == 6);
  CHECK(figures.at("labels") == boost::json::value{"cat", "dog"});
}

}  // namespace earshot::test
