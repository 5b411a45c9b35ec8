// The real `trainer` program on a data set of synthesised sounds: three classes in three folds.
#include <signal.h>

#include <algorithm>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "tests/support/Child.h"
#include "tests/support/HtmlCheck.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"

using namespace earshot;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr int kRateHz = 44100;
constexpr int kFolds = 3;

// One second of a class: 0 a tone, 1 noise, 2 clicks; `variant` changes it.
std::vector<float> sound(int label, int variant) {
  KeyedRandom random(derive_key(static_cast<std::uint64_t>(label), static_cast<std::uint64_t>(variant)));
  if (label == 0) return test::sine(random.uniform(900.0, 1100.0), kRateHz, kRateHz);
  std::vector<float> samples(kRateHz);
  const std::size_t period = 4000 + random.below(1000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double noise = random.uniform(-0.3, 0.3);
    samples[i] = static_cast<float>(label == 1 || i % period < 20 ? noise : 0.0);
  }
  return samples;
}

// A directory with a data set, a configuration that learns it in seconds, and a place for runs.
class Workshop {
 public:
  explicit Workshop(bool with_folds = true) {
    fs::create_directories(data() / (with_folds ? "audio" : "Train"));
    fs::create_directories(data() / (with_folds ? "audio" : "Test_Public"));
    std::string meta = "filename,fold,target,category\n";
    std::string train = "file_name,classID\n";
    std::string tests = train;
    for (int clip = 0; clip < 12; ++clip) {
      const int label = clip % 3;
      const int fold = 1 + clip / 3 % kFolds;
      const std::string name = "clip" + std::to_string(clip) + ".wav";
      const fs::path folder = with_folds ? "audio" : fold == kFolds ? "Test_Public" : "Train";
      test::write_wav(data() / folder / name, sound(label, clip), kRateHz);
      meta += name + ',' + std::to_string(fold) + ',' + std::to_string(label) + ',' + kLabels[label] + '\n';
      (fold == kFolds ? tests : train) += name + ',' + std::to_string(label) + '\n';
    }
    if (with_folds) {
      directory_.write("data/meta.csv", meta);
    } else {
      directory_.write("data/Train.csv", train);
      directory_.write("data/Test_Public.csv", tests);
    }
    directory_.write("quick.toml", R"(
notice = "made by a test"
[recipe]
base = "v6"
image_height = 96
image_width = 96
[train]
batch = 3
epochs = 8
learning_rate = 0.003
schedule = "cosine"
batch_norm_momentum = 0.5
class_weights = false
[validation]
split = "none"
[augmentation]
)");
  }

  fs::path data() const { return directory_ / "data"; }
  fs::path out(const std::string& run) const { return directory_ / run; }
  const test::TemporaryDirectory& directory() const { return directory_; }

  std::vector<std::string> environment() const {
    return {"XDG_CACHE_HOME=" + (directory_ / "cache").string()};
  }

  std::vector<std::string> train(const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{EARSHOT_TRAINER,           "train", "--data", data(), "--config",
                                       directory_ / "quick.toml", "--out", out(run)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  test::Finished run(std::vector<std::string> arguments) const {
    return test::run_program(std::move(arguments), environment());
  }
  test::Finished trainer(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), EARSHOT_TRAINER);
    return run(std::move(arguments));
  }

  static constexpr const char* kLabels[] = {"tone", "noise", "clicks"};

 private:
  test::TemporaryDirectory directory_;
};

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

double column(const std::string& line, int number) {
  std::istringstream fields(line);
  std::string field;
  for (int i = 0; i <= number; ++i) std::getline(fields, field, ',');
  return std::stod(field);
}

bool wait_for(const test::Child& child, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (child.err().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace

TEST_CASE("trainer learns three kinds of sound, holding a fold out") {
  const Workshop workshop;
  // The held-out fold's clips are not even read: one that is no audio goes unnoticed.
  workshop.directory().write("data/audio/clip6.wav", "no sound at all");
  const test::Finished trained = workshop.run(workshop.train("run", {"--fold", "3"}));
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(trained.out == (workshop.out("run") / "model.safetensors").string() + '\n');
  CHECK_THAT(trained.err, Contains("epoch 8/8: loss") && Contains("clips/s") && !Contains("left out"));

  const std::vector<std::string> history = lines_of(workshop.out("run") / "history.csv");
  REQUIRE(history.size() == 9);
  CHECK(history[0] == "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds");
  CHECK_THAT(history[8], Contains(",,,"));               // no validation part
  CHECK(column(history[8], 1) < column(history[1], 1));  // loss
  CHECK(column(history[8], 2) >= 0.6);                   // accuracy, where a guess gets a third
  CHECK(load_model(workshop.out("run") / "best.safetensors").weights ==
        load_model(workshop.out("run") / "model.safetensors").weights);

  const std::string model = workshop.out("run") / "model.safetensors";
  test::write_wav(workshop.data() / "audio/clip6.wav", sound(0, 6), kRateHz);
  const std::string scores = workshop.out("scores.csv");
  const test::Finished evaluated = workshop.trainer(
      {"evaluate", model, "--data", workshop.data(), "--fold", "3", "--json", "--scores", scores});
  INFO(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const boost::json::value figures = boost::json::parse(evaluated.out);
  CHECK(figures.at("clips") == 3);
  CHECK(figures.at("labels") == boost::json::value{"tone", "noise", "clicks"});
  const std::vector<std::string> table = lines_of(scores);
  REQUIRE(table.size() == 4);
  CHECK(table[0] == "file,label,predicted,tone,noise,clicks");
  CHECK_THAT(table[1], Catch::Matchers::StartsWith("audio/clip6.wav,tone,"));

  const test::Finished text =
      workshop.trainer({"evaluate", model, "--data", workshop.data(), "--threads", "2"});
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Contains("of 12)") && Contains("95 % interval") && Contains("confusion"));

  const test::Finished info = workshop.trainer({"info", model, "--json"});
  REQUIRE(info.code == 0);
  const boost::json::value document = boost::json::parse(info.out);
  CHECK(document.at("labels") == boost::json::value{"tone", "noise", "clicks"});
  CHECK(document.at("parameters") == 212'714 - 7 * 65);  // three classes instead of ten
  CHECK(document.at("provenance").at("notice") == "made by a test");
  CHECK(document.at("provenance").at("held out") == "fold 3");
  CHECK(document.at("provenance").at("data") == "data: 9 clips of folds 1, 2");
  CHECK(document.at("sha256").as_string().size() == 64);
  CHECK_THAT(workshop.trainer({"info", model}).out, Contains("separable_conv2d") && Contains("212259"));

  const std::string npy = workshop.out("clip.npy");
  const std::string clip = workshop.data() / "audio/clip0.wav";
  CHECK(workshop.trainer({"features", clip, "--model", model, "--out", npy}).code == 0);
  CHECK(fs::file_size(npy) == 128 + 96 * 96 * 4);
}

TEST_CASE("the same seed gives the same bits, and so does a run that was interrupted and resumed") {
  const Workshop workshop;
  const std::vector<std::string> plan{"--epochs", "3", "--batch", "4", "--threads", "2"};
  REQUIRE(workshop.run(workshop.train("unbroken", plan)).code == 0);

  test::Child child(workshop.train("broken", plan), workshop.environment());
  REQUIRE(wait_for(child, "epoch 1/3"));
  child.send_signal(SIGINT);
  REQUIRE(child.wait() == 128 + SIGINT);
  CHECK_THAT(child.err(),
             Contains("interrupted and saved") && Contains("--resume") && Contains("--epochs 3 --batch 4"));
  CHECK_FALSE(fs::exists(workshop.out("broken") / "model.safetensors"));

  CHECK(workshop.run(workshop.train("broken", plan)).code == 64);  // would write over a run
  std::vector<std::string> resumed = plan;
  resumed.push_back("--resume");
  const test::Finished again = workshop.run(workshop.train("broken", resumed));
  INFO(again.err);
  REQUIRE(again.code == 0);
  const Model unbroken = load_model(workshop.out("unbroken") / "model.safetensors");
  CHECK(load_model(workshop.out("broken") / "model.safetensors").weights == unbroken.weights);
  CHECK(lines_of(workshop.out("broken") / "history.csv").size() == 4);

  std::vector<std::string> reseeded = resumed;
  reseeded.insert(reseeded.end(), {"--seed", "2"});
  const test::Finished refused = workshop.run(workshop.train("broken", reseeded));
  CHECK(refused.code == 78);
  CHECK_THAT(refused.err, Contains("train.seed: found '2', expected '1'"));

  const test::Finished other =
      workshop.run(workshop.train("other", {"--epochs", "3", "--batch", "4", "--seed", "2"}));
  REQUIRE(other.code == 0);
  CHECK(load_model(workshop.out("other") / "model.safetensors").weights != unbroken.weights);
}

TEST_CASE("a recipe that takes windows trains on each loud one, and is measured clip by clip") {
  const Workshop workshop;
  workshop.directory().write("windows.toml", R"(
[recipe]
base = "v6"
window_s = 0.5
clip = "windows"
image_height = 96
image_width = 96
[train]
batch = 6
epochs = 8
learning_rate = 0.003
schedule = "cosine"
batch_norm_statistics = "measured"
class_weights = false
[validation]
split = "none"
[augmentation]
)");
  // One clip of the held-out fold is too quiet to be heard: it counts, as wrong.
  test::write_wav(workshop.data() / "audio/clip11.wav", std::vector<float>(kRateHz, 1e-5F), kRateHz);
  const std::string config = workshop.directory() / "windows.toml";
  const test::Finished trained = workshop.trainer({"train", "--data", workshop.data(), "--config", config,
                                                   "--out", workshop.out("windows"), "--fold", "1"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.err, Contains("features of 6 in") && Contains(" loud windows"));
  const std::string model = workshop.out("windows") / "model.safetensors";
  const test::Finished evaluated =
      workshop.trainer({"evaluate", model, "--data", workshop.data(), "--fold", "1", "--json"});
  INFO(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const boost::json::value figures = boost::json::parse(evaluated.out);
  CHECK_THAT(evaluated.err, Contains("clip11.wav: found no window of -60 dBFS or more"));
  CHECK(figures.at("clips").to_number<int>() == 6);
  CHECK(figures.at("windows").at("of").to_number<int>() == 5 * 3);
  CHECK(figures.at("correct").to_number<int>() >= 4);
  CHECK(figures.at("correct").to_number<int>() <= 5);
  CHECK_THAT(load_model(model).provenance.at("data"), Contains(": 6 clips of"));
  std::ifstream file(workshop.out("windows") / "report.json");
  const boost::json::value report = boost::json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  CHECK(report.at("evaluation").at("clips").to_number<int>() == 6);

  std::ifstream text(config);
  std::string with_fold{std::istreambuf_iterator<char>(text), {}};
  with_fold.replace(with_fold.find("\"none\""), 6, "\"fold\"\nfold = 2");
  workshop.directory().write("fold.toml", with_fold);
  for (const int clip : {3, 4, 5})
    test::write_wav(workshop.data() / ("audio/clip" + std::to_string(clip) + ".wav"),
                    std::vector<float>(kRateHz, 1e-5F), kRateHz);
  const test::Finished unheard =
      workshop.trainer({"train", "--data", workshop.data(), "--config", workshop.directory() / "fold.toml",
                        "--out", workshop.out("unheard")});
  CHECK(unheard.code == 65);
  CHECK_THAT(unheard.err, Contains("found no window of -60 dBFS or more in 3 validation clips"));
}

TEST_CASE("crossval holds every fold out once, goes on where it was stopped, and sums up") {
  const Workshop workshop;
  const std::string out = workshop.out("cv");
  std::vector<std::string> plan{EARSHOT_TRAINER, "crossval",
                                "--data",        workshop.data(),
                                "--config",      workshop.directory() / "quick.toml",
                                "--out",         out,
                                "--epochs",      "2",
                                "--threads",     "2"};
  // A fold that `train` left is taken as it is.
  REQUIRE(workshop.run(workshop.train("cv/fold-1", {"--fold", "1", "--epochs", "2"})).code == 0);
  const auto made = fs::last_write_time(workshop.out("cv") / "fold-1/model.safetensors");

  test::Child child(plan, workshop.environment());
  REQUIRE(wait_for(child, "epoch 1/2"));
  child.send_signal(SIGINT);
  REQUIRE(child.wait() == 128 + SIGINT);
  CHECK_THAT(child.err(), Contains("fold-1: finished before") && Contains("trainer crossval --data") &&
                              !Contains("--resume"));
  CHECK_THAT(child.out(), Catch::Matchers::StartsWith("fold 1: accuracy") && !Contains("mean"));
  CHECK_FALSE(fs::exists(workshop.out("cv") / "summary.json"));

  const test::Finished again = workshop.run(plan);
  INFO(again.err);
  REQUIRE(again.code == 0);
  CHECK_THAT(again.out, Contains("fold 3: accuracy") && Contains("mean accuracy") &&
                            Contains("standard error") && Contains("of 12), 95 % interval"));
  CHECK(fs::last_write_time(workshop.out("cv") / "fold-1/model.safetensors") == made);
  // The fold that was stopped in its middle has the weights of one that was not.
  REQUIRE(workshop.run(workshop.train("alone", {"--fold", "2", "--epochs", "2", "--threads", "2"})).code ==
          0);
  CHECK(load_model(workshop.out("cv") / "fold-2/model.safetensors").weights ==
        load_model(workshop.out("alone") / "model.safetensors").weights);

  const boost::json::value summary = boost::json::parse(text_of(workshop.out("cv") / "summary.json"));
  const boost::json::array& folds = summary.at("folds").as_array();
  REQUIRE(folds.size() == 3);
  double mean = 0.0;
  std::int64_t correct = 0;
  for (const boost::json::value& fold : folds) {
    CHECK(fold.at("clips") == (fold.at("fold") == 1 ? 6 : 3));
    mean += fold.at("accuracy").to_number<double>() / 3.0;
    correct += fold.at("correct").as_int64();
  }
  CHECK(summary.at("mean_accuracy").to_number<double>() == Approx(mean));
  CHECK(summary.at("correct") == correct);
  CHECK(summary.at("labels") == boost::json::value{"tone", "noise", "clicks"});
  CHECK(summary.at("preset") == "quick");
  // What a fold's line says is what evaluate says of its model.
  const test::Finished evaluated =
      workshop.trainer({"evaluate", workshop.out("cv") / "fold-3/model.safetensors", "--data",
                        workshop.data(), "--fold", "3", "--json"});
  CHECK(boost::json::parse(evaluated.out).at("loss").as_double() == folds[2].at("loss").as_double());

  const std::string page = text_of(workshop.out("cv") / "report.html");
  CHECK_NOTHROW(test::check_html(page));
  CHECK_THAT(page,
             Contains("12 clips of 3 folds") && Contains("<h2>Folds</h2>") && Contains("fold 3, training"));

  const std::vector<std::string> table = lines_of(workshop.out("cv") / "scores.csv");
  REQUIRE(table.size() == 13);
  CHECK(table[0] == "file,label,predicted,tone,noise,clicks,fold");
  CHECK_THAT(table[1],
             Catch::Matchers::StartsWith("audio/clip0.wav,tone,") && Catch::Matchers::EndsWith(",1"));

  std::vector<std::string> dealt = plan;
  dealt.insert(dealt.end(), {"--folds", "4"});
  CHECK_THAT(workshop.run(dealt).err, Contains("--folds: found 4") && Contains("folds of its own"));
  plan.insert(plan.end(), {"--seed", "9"});
  const test::Finished other = workshop.run(plan);
  CHECK(other.code == 78);
  CHECK_THAT(other.err, Contains("fold-1") && Contains("train.seed: found '9', expected '1'"));
}

TEST_CASE("calibrate gives a model the temperature of out-of-fold scores, and says when they are not") {
  const Workshop workshop;
  REQUIRE(workshop.run(workshop.train("run", {"--fold", "3", "--epochs", "1"})).code == 0);
  const std::string model = workshop.out("run") / "model.safetensors";
  const std::string calibrated = workshop.out("calibrated.safetensors");
  // Every margin is ln(0.98 / 0.01) and 3 of 4 are right.
  const std::string scores = workshop.directory().write("scores.csv",
                                                        "file,label,predicted,noise,clicks,tone\n"
                                                        "1.wav,noise,noise,0.98,0.01,0.01\n"
                                                        "2.wav,tone,tone,0.01,0.01,0.98\n"
                                                        "3.wav,clicks,clicks,0.01,0.98,0.01\n"
                                                        "4.wav,clicks,tone,0.01,0.01,0.98\n");
  const test::Finished fitted =
      workshop.trainer({"calibrate", model, "--scores", scores, "--out", calibrated, "--json"});
  INFO(fitted.err);
  REQUIRE(fitted.code == 0);
  CHECK(fitted.err.empty());
  const boost::json::value fit = boost::json::parse(fitted.out);
  const double expected = std::log(98.0) / std::log(6.0);  // 3/4 against 1/8
  CHECK(fit.at("temperature").as_double() == Approx(expected).epsilon(1e-5));
  CHECK(fit.at("ece_after").to_number<double>() < 1e-4);
  CHECK(load_model(calibrated).temperature == Approx(expected).epsilon(1e-5));
  CHECK(load_model(calibrated).weights == load_model(model).weights);
  CHECK_THAT(load_model(calibrated).provenance.at("temperature"), Contains("4 clips of scores.csv"));

  const auto on_data = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"calibrate",     calibrated, "--data",
                                       workshop.data(), "--out",    calibrated};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return workshop.trainer(arguments);
  };
  // After one epoch it may be too bad to calibrate; what matters is who is warned.
  CHECK_THAT(on_data({}).err, Contains("warning: the model was trained on data: 9 clips of folds 1, 2"));
  CHECK_THAT(on_data({"--fold", "3"}).err, !Contains("warning"));
  CHECK(workshop.trainer({"calibrate", model, "--out", calibrated}).code == 64);
}

TEST_CASE("a data set without folds gets some, and other labels than the model's are named or left out") {
  const Workshop workshop(false);
  const test::Finished made = workshop.trainer({"crossval", "--data", workshop.data(), "--config",
                                                workshop.directory() / "quick.toml", "--out",
                                                workshop.out("cv"), "--epochs", "1", "--folds", "2"});
  INFO(made.err);
  REQUIRE(made.code == 0);
  CHECK_THAT(made.out, Contains("over 2 folds") && Contains("of 9)"));  // the test list is in no fold
  CHECK(fs::exists(workshop.out("cv") / "fold-2/model.safetensors"));

  const Workshop named;  // whose labels are words
  const std::string model = workshop.out("cv") / "fold-1/model.safetensors";
  const test::Finished refused = named.trainer({"evaluate", model, "--data", named.data()});
  CHECK(refused.code == 65);
  CHECK_THAT(refused.err, Contains("found the label 'tone', expected one the model knows: 0, 1"));
  CHECK_THAT(named.trainer({"evaluate", model, "--data", named.data(), "--known-only"}).err,
             Contains("found no clip of a label that the model knows"));
}

TEST_CASE("sounds that are mixed, masked and streamed give the same weights as when they are held") {
  const Workshop workshop;
  const fs::path config = workshop.directory().write("mixed.toml", R"(
[train]
batch = 3
epochs = 2
batch_norm_momentum = 0.5
label_smoothing = 0.1
class_weights = false
[validation]
split = "fold"
fold = 3
[augmentation]
[audio.gain]
[audio.shift]
[audio.noise]
[mixing.between_class]
[masks]
)");
  const auto train = [&](const std::string& run, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"train", "--data",          workshop.data(), "--config", config,
                                       "--out", workshop.out(run), "--threads",     "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const test::Finished finished = workshop.trainer(arguments);
    INFO(finished.err);
    REQUIRE(finished.code == 0);
    return finished.err;
  };
  train("held", {});
  CHECK_THAT(train("streamed", {"--memory", "0"}), Contains("read from there as they are needed"));
  const Weights held = load_model(workshop.out("held") / "model.safetensors").weights;
  CHECK(load_model(workshop.out("streamed") / "model.safetensors").weights == held);
  const std::vector<std::string> history = lines_of(workshop.out("held") / "history.csv");
  REQUIRE(history.size() == 3);
  const std::vector<std::string> streamed = lines_of(workshop.out("streamed") / "history.csv");
  for (const int figure : {1, 2, 3, 4}) CHECK(column(streamed[2], figure) == column(history[2], figure));

  std::ifstream file(workshop.out("held") / "report.json");
  const std::string report((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const boost::json::value document = boost::json::parse(report);
  CHECK(document.at("seconds_waited_for_batches").as_double() >= 0.0);
  CHECK(document.at("settings").at("audio.noise.amplitude") == "0.005 .. 0.005");
  CHECK(document.at("settings").at("mixing.between_class.probability") == "1");
}

TEST_CASE("with a validation part the callbacks choose what is kept") {
  const Workshop workshop(false);
  const fs::path config = workshop.directory().write("watched.toml", R"(
[train]
batch = 4
epochs = 6
learning_rate = 0.003
batch_norm_statistics = "measured"
class_weights = false  # of the layout's ten classes only three have clips
[early_stopping]
patience = 1
[plateau]
patience = 1
[checkpoint]
)");
  const test::Finished trained = workshop.trainer({"train", "--data", workshop.data(), "--config", config,
                                                   "--out", workshop.out("run"), "--threads", "1"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK_THAT(trained.err, Contains("val_loss") && Contains("val_accuracy"));
  // Two of nine clips validate; model.safetensors is the epoch of the lowest val_loss, as best.safetensors
  // is.
  const std::string model = workshop.out("run") / "model.safetensors";
  CHECK(load_model(model).weights == load_model(workshop.out("run") / "best.safetensors").weights);
  const boost::json::value document = boost::json::parse(text_of(workshop.out("run") / "report.json"));
  const boost::json::array& history = document.at("history").as_array();
  const auto lowest = std::ranges::min_element(
      history, {}, [](const boost::json::value& epoch) { return epoch.at("val_loss").as_double(); });
  CHECK(document.at("model_epoch") == lowest->at("epoch"));
  CHECK(document.at("evaluation").at("clips") == 2);
  const std::string page = text_of(workshop.out("run") / "report.html");
  CHECK_NOTHROW(test::check_html(page));
  CHECK(document.at("settings").at("train.batch_norm_statistics") == "measured");
  CHECK_THAT(page, Contains("batch_norm_statistics") && Contains("watched on data") && Contains("the 2 clips of the validation part") &&
                       Contains("data:image/png;base64,"));
  for (const char* part : {"train", "validation"}) {
    const fs::path events = workshop.out("run") / "tensorboard" / part;
    CHECK(std::distance(fs::directory_iterator(events), fs::directory_iterator()) == 1);
  }

  const test::Finished evaluated =
      workshop.trainer({"evaluate", model, "--data", workshop.data(), "--split", "test", "--json"});
  REQUIRE(evaluated.code == 0);
  CHECK(boost::json::parse(evaluated.out).at("clips") == 3);
}

TEST_CASE("bad input gets an exit code of its own and one line that names it") {
  const Workshop workshop;
  const auto& directory = workshop.directory();
  const std::string data = workshop.data();
  const std::string out = workshop.out("run");
  const std::string quick = directory / "quick.toml";
  const std::string typo = directory.write("typo.toml", "[train]\nepoch = 3\n");
  const std::string watching = directory.write("watching.toml", "[validation]\nsplit = \"fold\"\nfold = 2\n");
  const std::string text = directory.write("model.safetensors", "these are no tensors");
  const std::string absent = directory / "absent";
  const std::string empty = directory / "empty.wav";
  test::write_wav(empty, {}, kRateHz);
  const std::string lopsided = directory / "lopsided";
  const std::string garbled = directory / "garbled";
  fs::create_directories(directory / "garbled/audio");
  fs::create_directories(directory / "lopsided/Train");
  std::string list = "file_name,classID\n";
  for (int clip = 0; clip < 20; ++clip) {
    const std::string name = std::to_string(clip) + ".wav";
    test::write_wav(directory / "lopsided/Train" / name, sound(0, clip), kRateHz);
    list += name + ',' + std::to_string(clip % 9) + '\n';
  }
  directory.write("lopsided/Train.csv", list);
  for (const char* name : {"a.wav", "b.wav"})
    test::write_wav(directory / "garbled/audio" / name, sound(0, 1), kRateHz);
  directory.write("garbled/meta.csv", "filename,fold,target,category\na.wav,1,0,caf\xE9\nb.wav,1,1,tea\n");
  struct Mistake {
    std::vector<std::string> arguments;
    int code;
    const char* line;
  };
  const Mistake mistakes[] = {
      {{}, 64, "A subcommand is required"},
      {{"paint"}, 64, "paint"},
      {{"train", "--preset", "v6", "--out", out}, 64, "--data"},
      {{"train", "--data", data, "--preset", "v9", "--out", out}, 64, "'v9', expected one of v6"},
      {{"train", "--data", data, "--preset", "v6", "--config", quick, "--out", out}, 64, "--config"},
      {{"train", "--data", data, "--preset", "v6", "--out", out, "--epochs", "0"}, 64, "--epochs"},
      {{"train", "--data", data, "--preset", "v6", "--out", out, "--precision", "f16"}, 64, "f16"},
      {{"train", "--data", absent, "--preset", "v6", "--out", out}, 66, "absent"},
      {{"train", "--data", data, "--config", absent, "--out", out}, 66, "absent"},
      {{"train", "--data", data, "--config", typo, "--out", out}, 78, "key 'train.epoch'"},
      {{"train", "--data", data, "--config", quick, "--out", out, "--fold", "9"},
       65,
       "no fold 9, expected one of 1, 2, 3"},
      {{"train", "--data", data, "--config", watching, "--out", out, "--fold", "2"}, 78, "validation.fold"},
      {{"train", "--data", data, "--config", quick, "--out", out, "--resume"}, 66, "resume.safetensors"},
      {{"train", "--data", data, "--config", quick, "--out", quick + "/in"}, 74, "quick.toml/in"},
      {{"train", "--data", data, "--config", quick, "--out", out, "--freeze", "4"}, 78, "--initial-weights"},
      {{"train", "--data", data, "--config", quick, "--out", out, "--freeze", "attic"}, 78, "'attic'"},
      {{"train", "--data", data, "--config", quick, "--out", out, "--initial-weights", absent}, 66, "absent"},
      {{"train", "--data", data, "--config", quick, "--out", out, "--initial-weights", text},
       65,
       "model.saf"},
      {{"evaluate", absent, "--data", data}, 66, "absent"},
      {{"evaluate", text, "--data", data}, 65, "model.safetensors"},
      {{"evaluate", text, "--data", data, "--fold", "1", "--split", "test"}, 64, "--fold"},
      {{"info", text}, 65, "model.safetensors"},
      {{"features", absent, "--preset", "v6", "--out", out}, 66, "absent"},
      {{"features", empty, "--preset", "v6", "--out", out}, 65, "found no samples"},
      {{"train", "--data", lopsided, "--preset", "v6", "--out", out}, 65, "class '9'"},
      {{"train", "--data", garbled, "--config", quick, "--out", out},
       65,
       "meta.csv:2: category: 'caf\\xe9' is not UTF-8"},
      {{"data", garbled}, 65, "meta.csv:2: category"},
  };
  for (const Mistake& mistake : mistakes) {
    const test::Finished finished = workshop.trainer(mistake.arguments);
    INFO(finished.err);
    CHECK(finished.code == mistake.code);
    CHECK(finished.out.empty());
    const std::string last = finished.err.substr(finished.err.rfind('\n', finished.err.size() - 2) + 1);
    CHECK_THAT(last, Catch::Matchers::StartsWith("trainer: ") && Contains(mistake.line));
  }
}

TEST_CASE("a clip that cannot be read is named and left out, or is an error if the user is strict") {
  const Workshop workshop;
  workshop.directory().write("data/audio/clip0.wav", "no sound at all");
  const test::Finished strict = workshop.run(workshop.train("run", {"--strict"}));
  CHECK(strict.code == 65);
  CHECK_THAT(strict.err, Contains("clip0.wav"));
  const test::Finished lenient = workshop.run(workshop.train("run", {"--epochs", "1"}));
  CHECK(lenient.code == 0);
  CHECK_THAT(lenient.err, Contains("left out: ") && Contains("clip0.wav") && Contains("features of 11"));
}

TEST_CASE("a report that cannot be written is an error") {
  const Workshop workshop;
  Model model;
  model.labels = {"tone", "noise", "clicks"};
  model.architecture = v6_architecture(3);
  model.weights = initial_weights(model.architecture, 1);
  save_model(model, workshop.out("m.safetensors"));
  const std::string command =
      std::string(EARSHOT_TRAINER) + " info " + workshop.out("m.safetensors").string();
  CHECK(test::run_program({"/bin/sh", "-c", command + " >/dev/full"}).code == 74);
}

TEST_CASE("help and version are results, not errors") {
  const test::Finished help = test::run_program({EARSHOT_TRAINER, "train", "--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.out, Contains("--fold") && Contains("Ctrl-C"));
  CHECK_THAT(test::run_program({EARSHOT_TRAINER, "--version"}).out, Contains("trainer "));
}
