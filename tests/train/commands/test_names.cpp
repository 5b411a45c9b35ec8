// The real `trainer` on names as files may have them: equal ones in two folders, any bytes, pipes called like
// sounds.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "dsp/base/Csv.h"
#include "dsp/base/Utf8.h"
#include "nn/model/Model.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/measuring/ScoredClips.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

constexpr int kRateHz = 8000;

/// A data set, a configuration that trains on it in a second, and a place for runs.
class Bench {
 public:
  Bench() {
    directory_.write("quick.toml",
                     "window_s = 0.3\n[train]\nepochs = 1\nbatch = 2\nclass_weights = false\n"
                     "[validation]\nsplit = \"none\"\n");
  }

  fs::path operator/(const fs::path& name) const { return directory_ / name; }
  const TemporaryDirectory& directory() const { return directory_; }

  void clip(const fs::path& name, double frequency_hz) const {
    const fs::path file = directory_ / "data" / name;
    fs::create_directories(file.parent_path());
    write_wav(file, sine(frequency_hz, kRateHz, 3000), kRateHz);
  }

  Finished trainer(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), EARSHOT_TRAINER);
    return run_program(std::move(arguments), {"XDG_CACHE_HOME=" + (directory_ / "cache").string()});
  }
  Finished train(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"train",    "--data",       directory_ / "data",
                                       "--config", directory_ / "quick.toml",
                                       "--out",    directory_ / "run"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return trainer(std::move(arguments));
  }
  std::string model() const { return directory_ / "run/model.safetensors"; }

 private:
  TemporaryDirectory directory_;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> column_of(const Csv& csv, const char* name) {
  std::vector<std::string> values;
  for (const Csv::Row& row : csv.rows) values.push_back(row.fields[csv.column(name)]);
  return values;
}

/// Of a text that goes to a terminal: lines of what can be printed, in UTF-8.
bool shows_as_it_is(const std::string& text) {
  std::string rest = text;
  std::erase(rest, '\n');
  return printable(rest) == rest;
}

constexpr const char* kLatin1 = "caf\xE9.wav";
constexpr const char* kEscape = "red\x1b[31m\nname.wav";

}  // namespace

TEST_CASE("two clips of one name in two class folders are told apart in scores and reports") {
  const Bench bench;
  for (const char* label : {"cat", "dog"}) {
    bench.clip(fs::path(label) / "1.wav", label[0] == 'c' ? 300.0 : 500.0);
    bench.clip(fs::path(label) / "2.wav", label[0] == 'c' ? 310.0 : 510.0);
  }
  const Finished trained = bench.train();
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.err, Contains("features are kept in " + (bench / "cache/earshot/features").string() +
                                   ": 1.0 MiB of at most"));
  const std::vector<std::string> names{"cat/1.wav", "cat/2.wav", "dog/1.wav", "dog/2.wav"};
  const boost::json::value report = boost::json::parse(text_of(bench / "run/report.json"));
  std::vector<std::string> worst;
  for (const auto& clip : report.at("worst_clips").as_array()) {
    worst.emplace_back(clip.at("file").as_string());
  }
  std::ranges::sort(worst);
  CHECK(worst == names);
  CHECK_THAT(text_of(bench / "run/report.html"), Contains("dog/2.wav"));

  const std::string scores = bench / "scores.csv";
  REQUIRE(bench.trainer({"evaluate", bench.model(), "--data", bench / "data", "--scores", scores}).code == 0);
  CHECK(column_of(read_csv(scores), "file") == names);
  CHECK(read_scores_csv(scores, {"cat", "dog"}).files == names);  // as calibrate reads it
}

TEST_CASE("clips may be called by any bytes: they train, and no line, list or document breaks") {
  const Bench bench;
  bench.clip(fs::path("cat") / kLatin1, 300.0);
  bench.clip(fs::path("cat") / kEscape, 310.0);
  bench.clip("dog/1.wav", 500.0);
  bench.clip("dog/2.wav", 510.0);
  bench.directory().write(fs::path("data/dog") / ("bad " + std::string(kLatin1)), "no sound");
  fs::create_directories(bench / "\xE9t\xE9");
  fs::copy(bench / "data", bench / "\xE9t\xE9/data", fs::copy_options::recursive);

  for (const char* directory : {"data", "\xE9t\xE9/data"}) {
    const Finished text = bench.trainer({"data", bench / directory});
    CHECK(text.code == 0);
    CHECK(shows_as_it_is(text.out));
    CHECK_THAT(text.out, Contains("dog/bad caf\\xe9.wav"));
    const Finished json = bench.trainer({"data", bench / directory, "--json"});
    const boost::json::value told = boost::json::parse(json.out);
    CHECK(told.at("problems").at(0).at("about") == "dog/bad caf\xEF\xBF\xBD.wav");
  }

  const Finished trained = bench.train();
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(shows_as_it_is(trained.err));
  CHECK_THAT(trained.err, Contains("left out: ") && Contains("dog/bad caf\\xe9.wav"));
  CHECK_NOTHROW(boost::json::parse(text_of(bench / "run/report.json")));
  const std::string page = text_of(bench / "run/report.html");
  CHECK(repaired_utf8(page) == page);

  const std::string scores = bench / "scores.csv";
  const Finished evaluated = bench.trainer(
      {"evaluate", bench.model(), "--data", bench / "data", "--scores", scores, "--json"});
  REQUIRE(evaluated.code == 0);
  CHECK_NOTHROW(boost::json::parse(evaluated.out));
  CHECK(column_of(read_csv(scores), "file") ==
        std::vector<std::string>{"cat/caf\\xe9.wav", "cat/red\\x1b[31m\\nname.wav", "dog/1.wav",
                                 "dog/2.wav"});
}

TEST_CASE("paths of any bytes on the command line are escaped in errors, results and models") {
  const Bench bench;
  for (const char* name : {"cat/1.wav", "cat/2.wav"}) bench.clip(name, 300.0);
  for (const char* name : {"dog/1.wav", "dog/2.wav"}) bench.clip(name, 500.0);
  const std::string data = bench / "caf\xE9\x1b[31m";
  fs::rename(bench / "data", data);
  const std::string config = bench / "r\xE9" "cipe.toml";
  fs::rename(bench / "quick.toml", config);
  const std::string out = bench / "out\xE9";
  const Finished trained = bench.trainer({"train", "--data", data, "--config", config, "--out", out});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(shows_as_it_is(trained.err));
  CHECK_THAT(trained.out, Catch::Matchers::EndsWith("out\\xe9/model.safetensors\n"));
  const Model model = load_model(out + "/model.safetensors");
  CHECK(model.provenance.at("data") == "caf\\xe9\\x1b[31m: 4 clips");
  CHECK(model.provenance.at("config") == "r\\xe9" "cipe");

  CHECK_NOTHROW(boost::json::parse(bench.trainer({"info", out + "/model.safetensors", "--json"}).out));
  const Finished absent = bench.trainer({"info", out + "/\x1b]0;title\x07"});
  CHECK(absent.code == 66);
  CHECK(shows_as_it_is(absent.err));
}

TEST_CASE("what a model says of itself does not change the terminal") {
  const Bench bench;
  Model model = load_model(std::string(EARSHOT_SOURCE_DIR) + "/config/esc10-v6.safetensors");
  model.provenance["notice"] = "by\x1b[2J\nlabels       forged";
  const std::string file = bench / "loud.safetensors";
  save_model(model, file);
  const Finished told = bench.trainer({"info", file});
  REQUIRE(told.code == 0);
  CHECK(shows_as_it_is(told.out));
  CHECK_THAT(told.out, Contains("by\\x1b[2J\\nlabels       forged\n"));
}

TEST_CASE("a pipe or a device among clips is named and left out, and nothing waits for it") {
  const Bench bench;
  for (const char* name : {"cat/1.wav", "cat/2.wav"}) bench.clip(name, 300.0);
  for (const char* name : {"dog/1.wav", "dog/2.wav"}) bench.clip(name, 500.0);
  REQUIRE(::mkfifo((bench / "data/cat/pipe.wav").c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", bench / "data/dog/zero.wav");
  fs::create_symlink("2.wav", bench / "data/dog/linked.wav");  // is a file all the same
  fs::create_directories(bench / "noises");
  write_wav(bench / "noises/hum.wav", sine(50.0, kRateHz, 3000), kRateHz);
  REQUIRE(::mkfifo((bench / "noises/pipe.wav").c_str(), 0600) == 0);
  bench.directory().write("noisy.toml",
                          text_of(bench / "quick.toml") + "[audio.background]\nfolder = \"noises\"\n");

  const Finished told = bench.trainer({"data", bench / "data", "--json"});
  REQUIRE(told.code == 0);
  const boost::json::value report = boost::json::parse(told.out);
  CHECK(report.at("readable") == 5);
  CHECK(report.at("problems").at(0) ==
        boost::json::value{
            {"kind", "broken"}, {"about", "cat/pipe.wav"}, {"what", "is a pipe, expected a file"}});
  CHECK(report.at("problems").at(1).at("about") == "dog/zero.wav");

  for (const bool kept : {true, false}) {  // with a cache of features, and without one
    const std::vector<std::string> environment =
        kept ? std::vector<std::string>{"XDG_CACHE_HOME=" + (bench / "cache").string()}
             : std::vector<std::string>{"XDG_CACHE_HOME=", "HOME="};
    const Finished trained =
        run_program({EARSHOT_TRAINER, "train", "--data", bench / "data", "--config", bench / "noisy.toml",
                     "--out", bench / (kept ? "kept" : "anew")},
                    environment);
    INFO(trained.err);
    CHECK(trained.code == 0);
    CHECK_THAT(trained.err, Contains("cat/pipe.wav: is a pipe, expected a file") &&
                                Contains("dog/zero.wav: is a device, expected a file") &&
                                Contains("noises/pipe.wav: is a pipe, left out"));
  }
}

TEST_CASE("a pipe in the place of a list is missing input at once") {
  for (const char* list : {"meta.csv", "Train.csv", "labels.txt"}) {
    const Bench bench;
    bench.directory().write("data/Train.csv", "file_name,classID\na.wav,1\n");
    fs::remove(bench / "data" / list);
    REQUIRE(::mkfifo((bench / "data" / list).c_str(), 0600) == 0);
    const Finished told = bench.trainer({"data", bench / "data"});
    CHECK(told.code == 66);
    CHECK_THAT(told.err, Contains(std::string(list) + ": is not a file"));
  }
}

TEST_CASE("a label that nobody can read is bad data before any clip is read") {
  const Bench bench;
  bench.clip("audio/a.wav", 300.0);
  bench.clip("audio/b.wav", 500.0);
  bench.directory().write("data/meta.csv",
                          "filename,fold,target,category\na.wav,1,0,tea\nb.wav,1,1,caf\xE9\n");
  for (const Finished& refused : {bench.trainer({"data", bench / "data"}), bench.train()}) {
    CHECK(refused.code == 65);
    CHECK(refused.out.empty());
    CHECK(refused.err == "trainer: " + (bench / "data/meta.csv").string() +
                             ":3: category: 'caf\\xe9' is not UTF-8: byte 4 is 0xe9\n");
  }
}

TEST_CASE("a preset is found although something of its name cannot be looked at") {
  const Bench bench;
  fs::create_symlink("v6", bench / "v6");  // a link to itself
  const std::string command =
      "cd " + bench.directory().path().string() + " && exec " EARSHOT_TRAINER " info v6";
  const Finished told = run_program({"/bin/sh", "-c", command});
  INFO(told.err);
  CHECK(told.code == 0);
  CHECK_THAT(told.out, Contains("name         v6"));
}

}  // namespace earshot::test
