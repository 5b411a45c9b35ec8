// The real `trainer` killed, starved of disk space and led astray: what it had saved stays good, and --resume
// goes on from there as if nothing had happened.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Processor.h"
#include "nn/model/Model.h"
#include "tests/support/Child.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"

using namespace earshot;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr int kRateHz = 44100;

// Two clips of each of two classes, and a configuration with every kind of state a run can have.
class Workshop {
 public:
  Workshop() {
    fs::create_directories(directory_ / "data/audio");
    std::string meta = "filename,fold,target,category\n";
    for (int clip = 0; clip < 5; ++clip) {
      const std::string name = std::to_string(clip) + ".wav";
      test::write_wav(directory_ / "data/audio" / name, test::sine(300.0 * (1 + clip), kRateHz, kRateHz / 2),
                      kRateHz);
      meta += name + ',' + (clip == 4 ? "2" : "1") + ',' + (clip % 2 ? "1,high\n" : "0,low\n");
    }
    directory_.write("data/meta.csv", meta);
    directory_.write("quick.toml", R"(
[recipe]
base = "v6"
image_height = 96
image_width = 96
[train]
batch = 2
epochs = 6
optimizer = "adamw"
weight_decay = 0.01
schedule = "one_cycle"
ema_decay = 0.9
batch_norm_statistics = "measured"
clip_norm = 1.0
class_weights = false
[validation]
split = "fold"
fold = 2
[early_stopping]
patience = 5
[checkpoint]
[augmentation]
)");
  }

  std::vector<std::string> train(const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{EARSHOT_TRAINER, "train",  "--data",    directory_ / "data",
                                       "--config",      config(), "--threads", "1",
                                       "--out",         out(run)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> environment() const {
    return {"XDG_CACHE_HOME=" + (directory_ / "cache").string()};
  }
  test::Finished run(std::vector<std::string> arguments) const {
    return test::run_program(std::move(arguments), environment());
  }
  fs::path out(const std::string& run) const { return directory_ / run; }
  fs::path config() const { return directory_ / "quick.toml"; }
  const test::TemporaryDirectory& directory() const { return directory_; }

 private:
  test::TemporaryDirectory directory_;
};

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool is_saving(const fs::path& run) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run, ignored)) {
    if (entry.path().filename().string().find(".tmp") != std::string::npos) return true;
  }
  return false;
}

bool wait_for_file(const fs::path& path) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!fs::exists(path) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return fs::exists(path);
}

// Lines of history.csv without the seconds, which differ from run to run.
std::string figures_of(const fs::path& run) {
  std::ifstream file(run / "history.csv");
  std::string figures;
  for (std::string line; std::getline(file, line);) figures += line.substr(0, line.rfind(',')) + '\n';
  return figures;
}

}  // namespace

TEST_CASE("a run killed again and again, also while it saves, ends with the bytes of an unbroken one") {
  const Workshop workshop;
  REQUIRE(workshop.run(workshop.train("unbroken")).code == 0);
  KeyedRandom random(11);
  int while_saving = 0;
  for (int kill = 0; kill < 10; ++kill) {
    const fs::path run = workshop.out("broken");
    const bool begun = fs::exists(run);
    test::Child child(
        workshop.train("broken", begun ? std::vector<std::string>{"--resume"} : std::vector<std::string>{}),
        workshop.environment());
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(20 + random.below(700));
    const bool wait_for_save = kill % 2 == 0;
    bool saving = false;
    while (std::chrono::steady_clock::now() < deadline && !saving) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      saving = wait_for_save && is_saving(run);
    }
    child.send_signal(SIGKILL);
    child.wait();
    if (is_saving(run)) ++while_saving;  // and was left unfinished
  }
  INFO(while_saving << " kills left an unfinished file");
  const test::Finished last = workshop.run(workshop.train("broken", {"--resume"}));
  INFO(last.err);
  REQUIRE(last.code == 0);
  for (const char* file : {"model.safetensors", "best.safetensors"}) {
    CHECK(bytes_of(workshop.out("broken") / file) == bytes_of(workshop.out("unbroken") / file));
  }
  CHECK(figures_of(workshop.out("broken")) == figures_of(workshop.out("unbroken")));
  CHECK_FALSE(is_saving(workshop.out("broken")));
}

TEST_CASE("bf16 is refused on a processor without AVX-512, before anything is made") {
  const Workshop workshop;
  std::vector<std::string> environment = workshop.environment();
  environment.push_back("ONEDNN_MAX_CPU_ISA=AVX2");
  const test::Finished refused =
      test::run_program(workshop.train("old", {"--precision", "bf16"}), environment);
  CHECK(refused.code == 69);
  CHECK_THAT(refused.err, Contains("--precision: found bf16, which needs a processor with AVX-512"));
  CHECK_FALSE(fs::exists(workshop.out("old")));
}

TEST_CASE("a run in bf16 goes on in bf16 to the bytes of an unbroken one") {
  if (!has_avx512()) {
    test::skip("no AVX-512, or ONEDNN_MAX_CPU_ISA forbids it");
    return;
  }
  const Workshop workshop;
  const std::vector<std::string> bf16 = {"--precision", "bf16"};
  REQUIRE(workshop.run(workshop.train("unbroken", bf16)).code == 0);
  test::Child child(workshop.train("broken", bf16), workshop.environment());
  const fs::path state = workshop.out("broken") / "resume.safetensors";
  REQUIRE(wait_for_file(state));
  child.send_signal(SIGKILL);
  child.wait();
  const test::Finished other = workshop.run(workshop.train("broken", {"--resume"}));
  CHECK(other.code == 78);
  CHECK_THAT(other.err, Contains("train.precision: found nothing, expected 'bf16' as the run began"));
  REQUIRE(workshop.run(workshop.train("broken", {"--resume", "--precision", "bf16"})).code == 0);
  CHECK(bytes_of(workshop.out("broken") / "model.safetensors") ==
        bytes_of(workshop.out("unbroken") / "model.safetensors"));
  REQUIRE(workshop.run(workshop.train("floats")).code == 0);
  CHECK_FALSE(bytes_of(workshop.out("floats") / "model.safetensors") ==
              bytes_of(workshop.out("unbroken") / "model.safetensors"));
}

TEST_CASE("a full disk while saving is an error in one line, and what was saved before goes on") {
  const Workshop workshop;
  REQUIRE(workshop.run(workshop.train("unbroken")).code == 0);
  test::Child child(workshop.train("starved"), workshop.environment());
  const fs::path state = workshop.out("starved") / "resume.safetensors";
  REQUIRE(wait_for_file(state));
  child.send_signal(SIGINT);
  if (child.wait() == 0) {  // done before the signal came: nothing to go on with
    WARN("the run was over before it could be stopped");
  }
  const std::string before = bytes_of(state);
  REQUIRE_FALSE(before.empty());

  // Files of at most 400 kB, as if the disk were full: a model of v6 has 850, a clip's features 262.
  std::vector<std::string> arguments{"/bin/sh", "-c", "trap '' XFSZ; ulimit -f 800; exec \"$@\"", "sh"};
  for (const std::string& argument : workshop.train("starved", {"--resume"})) arguments.push_back(argument);
  const test::Finished starved = workshop.run(arguments);
  INFO(starved.err);
  CHECK(starved.code == 74);
  CHECK_THAT(starved.err, Contains("safetensors: cannot write"));
  CHECK(bytes_of(state) == before);
  CHECK_FALSE(is_saving(workshop.out("starved")));

  REQUIRE(workshop.run(workshop.train("starved", {"--resume"})).code == 0);
  CHECK(bytes_of(workshop.out("starved") / "model.safetensors") ==
        bytes_of(workshop.out("unbroken") / "model.safetensors"));
}

TEST_CASE("a terminal that hangs up stops a run as Ctrl-C does, unless nohup has had that ignored") {
  const Workshop workshop;
  test::Child child(workshop.train("run", {"--epochs", "5000"}), workshop.environment());
  REQUIRE(wait_for_file(workshop.out("run") / "resume.safetensors"));
  child.send_signal(SIGHUP);
  CHECK(child.wait() == 128 + SIGHUP);
  CHECK_THAT(child.err(), Contains("interrupted and saved; to go on:\n  trainer train --data"));

  std::vector<std::string> arguments{"/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"};
  for (const std::string& argument : workshop.train("nohup")) arguments.push_back(argument);
  test::Child immune(arguments, workshop.environment());
  REQUIRE(wait_for_file(workshop.out("nohup") / "resume.safetensors"));
  immune.send_signal(SIGHUP);
  CHECK(immune.wait() == 0);
  CHECK(fs::exists(workshop.out("nohup") / "model.safetensors"));
}

TEST_CASE("a clip whose sound was replaced since the run began is a change that it does not go on with") {
  const Workshop workshop;
  test::Child child(workshop.train("run", {"--epochs", "5000"}), workshop.environment());
  REQUIRE(wait_for_file(workshop.out("run") / "resume.safetensors"));
  child.send_signal(SIGINT);
  REQUIRE(child.wait() == 128 + SIGINT);
  const std::string state = bytes_of(workshop.out("run") / "resume.safetensors");
  test::write_wav(workshop.directory() / "data/audio/0.wav",
                  test::sine(777.0, kRateHz, kRateHz / 2), kRateHz);
  const test::Finished refused = workshop.run(workshop.train("run", {"--resume", "--epochs", "5000"}));
  INFO(refused.err);
  CHECK(refused.code == 78);
  CHECK_THAT(refused.err, Contains("resume.safetensors: cannot go on: data.train.sounds: found '") &&
                              Contains("as the run began: a sound was replaced since\n"));
  CHECK(bytes_of(workshop.out("run") / "resume.safetensors") == state);
}

TEST_CASE("a run that diverges stops, names epoch, step and tensor, and leaves what it had saved") {
  const Workshop workshop;
  REQUIRE(workshop.run(workshop.train("run", {"--epochs", "1"})).code == 0);
  const fs::path config = workshop.directory().write("wild.toml", R"(
[train]
batch = 2
epochs = 8
optimizer = "sgd"
learning_rate = 10
weight_decay = 10
class_weights = false
[validation]
split = "none"
)");
  const test::Finished wild = workshop.run({EARSHOT_TRAINER, "train", "--data", workshop.directory() / "data",
                                            "--config", config, "--out", workshop.out("wild")});
  INFO(wild.err);
  CHECK(wild.code == 78);
  const std::string last = wild.err.substr(wild.err.rfind('\n', wild.err.size() - 2) + 1);
  CHECK_THAT(last, Contains("wild: epoch ") && Contains(", step ") && Contains(" finite") && Contains("/"));
  CHECK_FALSE(fs::exists(workshop.out("wild") / "model.safetensors"));
}

TEST_CASE("a run killed before it saved anything starts again with --resume, one that never was does not") {
  const Workshop workshop;
  fs::create_directories(workshop.out("begun"));
  workshop.directory().write("begun/history.csv", "");  // is written before the state
  const test::Finished again = workshop.run(workshop.train("begun", {"--resume", "--epochs", "1"}));
  CHECK(again.code == 0);
  CHECK_THAT(again.err, Contains("from the beginning"));
  // A model is not written over, nor is its directory, or any other, taken for a run that had just begun.
  fs::remove(workshop.out("begun") / "resume.safetensors");
  const std::string model = bytes_of(workshop.out("begun") / "model.safetensors");
  CHECK(workshop.run(workshop.train("begun", {"--epochs", "1"})).code == 64);
  CHECK(workshop.run(workshop.train("begun", {"--epochs", "1", "--resume"})).code == 66);
  CHECK(workshop.run(workshop.train("", {"--epochs", "1", "--resume"})).code == 66);
  CHECK(bytes_of(workshop.out("begun") / "model.safetensors") == model);
  const test::Finished never = workshop.run(workshop.train("never", {"--resume"}));
  CHECK(never.code == 66);
  CHECK_THAT(never.err, Contains("resume.safetensors: found no run"));
}
