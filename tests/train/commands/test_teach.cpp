// `trainer train --base` as a user runs it.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <boost/json.hpp>

#include "dsp/features/FeatureExtractor.h"
#include "nn/inference/Classifier.h"
#include "tests/support/BundledModel.h"
#include "tests/support/Child.h"
#include "tests/support/HtmlCheck.h"
#include "tests/support/SoundClasses.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "tests/train/AlarmModel.h"
#include "train/measuring/ScoredClips.h"
#include "train/teaching/NegativeBank.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

/// A folder a class, clips of 2.5 s; what is there besides is for the test.
class SchoolRoom {
 public:
  SchoolRoom() { save_model(alarm_model(), directory_ / "base.safetensors"); }

  fs::path operator/(const std::string& name) const { return directory_ / name; }

  void add_class(const std::string& name, int sound, int clips, float level = 1.0F) const {
    fs::create_directories(directory_ / "data" / name);
    for (int i = 0; i < clips; ++i) {
      std::vector<float> samples = sound_of_class(sound, static_cast<std::uint64_t>(i + 1), kAlarmRateHz, 2.5);
      for (float& sample : samples) sample *= level;
      write_wav(directory_ / "data" / name / (std::string(1, static_cast<char>('a' + i)) + "x.wav"), samples,
                kAlarmRateHz);
    }
  }

  Finished trainer(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), EARSHOT_TRAINER);
    return run_program(arguments, {"XDG_CACHE_HOME=" + (directory_ / "cache").string()});
  }
  Finished teach(const std::string& out, std::vector<std::string> further = {}, const std::string& base = "base") const {
    std::vector<std::string> arguments{"train", "--base", directory_ / (base + ".safetensors"), "--data",
                                       directory_ / "data", "--out", directory_ / out};
    arguments.insert(arguments.end(), further.begin(), further.end());
    return trainer(arguments);
  }

  TemporaryDirectory& directory() { return directory_; }

 private:
  TemporaryDirectory directory_;
};

/// Against a fifth of the bundled bank: sanitizers take a minute for all of it.
std::vector<std::string> with_few_negatives(std::vector<std::string> arguments) {
  for (const char* family : {"music", "orchestra", "speech", "voices"})
    arguments.insert(arguments.end(), {"--no-bank", family});
  return arguments;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<float> scores_of(const Model& model, std::uint64_t key) {
  const std::vector<float> samples = mixed_sounds(key, 1.0);
  std::vector<float> features(model.recipe.shape().size());
  FeatureExtractor(model.recipe).extract_clip(samples, features);
  std::vector<float> scores(model.labels.size());
  REQUIRE(Classifier(model, 1).classify(features, scores));
  return scores;
}

}  // namespace

TEST_CASE("a taught model has new labels, and every label that was not taught answers to the bit as before") {
  SchoolRoom room;
  room.add_class("Rain", 3, 5);
  room.add_class("kettle", 1, 5);
  room.add_class("gate", 4, 5);
  const Finished taught = room.teach("out");
  INFO(taught.err);
  REQUIRE(taught.code == 0);
  CHECK_THAT(taught.out, Contains("model.safetensors"));
  CHECK_THAT(taught.err, Contains("found no bank of negatives"));
  const Model base = load_model(room / "base.safetensors");
  const Model model = load_model(room / "out/model.safetensors");
  REQUIRE(model.labels ==
          std::vector<std::string>{"Animal", "Dog", "Bark", "Cat", "Rain", "Silence", "gate", "kettle"});
  bool rain_moved = false;
  for (std::uint64_t key = 0; key < 5; ++key) {
    const std::vector<float> before = scores_of(base, key);
    const std::vector<float> after = scores_of(model, key);
    for (const std::size_t label : {0, 1, 2, 3, 5}) CHECK(after[label] == before[label]);
    rain_moved |= after[4] != before[4];
  }
  CHECK(rain_moved);
  CHECK(model.meanings.parents == base.meanings.parents);
  CHECK(model.meanings.measured == std::vector<std::size_t>{4, 6, 7});
  CHECK_THAT(model.provenance.at("taught"), Contains("kettle"));

  // The same again, by another number of threads: to the byte but for the day.
  REQUIRE(room.teach("again", {"--threads", "3"}).code == 0);
  CHECK(load_model(room / "again/model.safetensors").weights == model.weights);

  // A child of a base is a base.
  fs::rename(room / "out/model.safetensors", room / "child.safetensors");
  fs::remove_all(room / "data");
  room.add_class("bell", 9, 4);
  room.add_class("_background_", 0, 2);
  const Finished more = room.teach("more", {}, "child");
  INFO(more.err);
  REQUIRE(more.code == 0);
  const Model grandchild = load_model(room / "more/model.safetensors");
  CHECK(grandchild.labels.back() == "bell");
  CHECK(grandchild.provenance.at("taught") == "bell");
  CHECK_THAT(grandchild.provenance.at("base taught"), Contains("kettle"));
}

TEST_CASE("a clip is counted once, as what its folder says, though it is what that is a kind of as well") {
  SchoolRoom room;
  room.add_class("Dog", 3, 4);
  room.add_class("Bark", 4, 5);
  room.add_class("gate", 9, 4);
  room.directory().write("notice.toml", "notice = \"recorded next door\"\n[labels]\n");
  const Finished taught = room.teach("out", {"--config", room / "notice.toml"});
  INFO(taught.err);
  REQUIRE(taught.code == 0);
  const Model model = load_model(room / "out/model.safetensors");
  CHECK_THAT(model.provenance.at("cross-validation"), Contains("of 13 clips"));
  CHECK_THAT(model.provenance.at("notice"), Contains("recorded next door"));
  const boost::json::value report = boost::json::parse(text_of(room / "out/report.json"));
  const boost::json::array& labels = report.at("taught").as_array();
  CHECK(labels[0].at("highest").at("of").to_number<int>() == 4);
  CHECK(labels[0].at("events").at("of").to_number<int>() == 9);  // each Bark is a Dog
  CHECK(labels[1].at("highest").at("of").to_number<int>() == 5);
}

TEST_CASE("recordings of what a label is not move that label alone") {
  SchoolRoom room;
  room.add_class("Rain", 3, 4);
  room.add_class("gate", 4, 4);
  REQUIRE(room.teach("without").code == 0);
  room.add_class("_not_/Bark", 7, 4);
  const Finished finished = room.teach("with");
  INFO(finished.err);
  REQUIRE(finished.code == 0);
  const Model base = load_model(room / "base.safetensors");
  const Model without = load_model(room / "without/model.safetensors");
  const Model with = load_model(room / "with/model.safetensors");
  REQUIRE(with.labels == without.labels);
  const std::vector<float> samples = sound_of_class(7, 1, kAlarmRateHz, 2.5);  // the first of those rejected
  const auto score = [&](const Model& model, std::size_t label) {
    std::vector<float> features(model.recipe.shape().size());
    FeatureExtractor(model.recipe).extract_clip(samples, features);
    std::vector<float> scores(model.labels.size());
    REQUIRE(Classifier(model, 1).classify(features, scores));
    return scores[label];
  };
  CHECK(score(with, 2) < score(base, 2));
  for (const std::size_t label : {0, 1, 3, 5}) CHECK(score(with, label) == score(base, label));
  CHECK(score(with, 4) == Approx(score(without, 4)).margin(0.05));
  // What nobody rejected is a Bark as far as before, give or take what four recordings may say.
  const std::vector<float> before = scores_of(base, 8);
  const std::vector<float> after = scores_of(with, 8);
  CHECK(std::abs(after[2] - before[2]) < 0.25F);
}

TEST_CASE("a bank beside the base is taught against, but not where it holds what is taught") {
  SchoolRoom room;
  room.add_class("Rain", 3, 4);
  room.add_class("gate", 4, 4);
  const fs::path sounds = room / "outliers";
  fs::create_directories(sounds / "hums");
  std::string list = "file,family,labels,source,licence\n";
  for (int i = 0; i < 4; ++i) {
    const std::string name = "hums/" + std::to_string(i) + ".wav";
    write_wav(sounds / name, sound_of_class(5, static_cast<std::uint64_t>(i), kAlarmRateHz, 3.0), kAlarmRateHz);
    list += name + ",hums," + (i == 0 ? "Rain" : "") + ",made,ours\n";
  }
  std::ofstream(sounds / "outliers.csv") << list;
  const std::string base = room / "base.safetensors";
  const Finished banked = room.trainer({"bank", "--data", sounds, "--base", base, "--out", room / "base.bank"});
  INFO(banked.err);
  REQUIRE(banked.code == 0);
  CHECK_THAT(banked.out, Contains("hums"));
  const Finished taught = room.teach("out");
  INFO(taught.err);
  REQUIRE(taught.code == 0);
  CHECK_THAT(load_model(room / "out/model.safetensors").provenance.at("bank"), Contains("of 4 recordings"));
  CHECK_THAT(taught.out, Contains("gate") && Contains("/4 (") && Contains("model.safetensors\n"));
  CHECK_THAT(load_model(room / "out/model.safetensors").provenance.at("cross-validation"), Contains("of 8 clips"));
  CHECK_THAT(taught.err, Contains("'gate': the bank's nearest are hums/") && !Contains("'Rain': the bank's"));
  const Finished unknown = room.teach("no", {"--no-bank", "voices"});
  CHECK(unknown.code == 64);
  CHECK_THAT(unknown.err, Contains("found 'voices', expected one of hums"));
  REQUIRE(room.teach("none", {"--no-bank", "hums"}).code == 0);
  CHECK_FALSE(load_model(room / "none/model.safetensors").provenance.contains("bank"));
}

TEST_CASE("folds of a taught base are measured by heads that did not hear them") {
  SchoolRoom room;
  room.add_class("Rain", 3, 6);
  room.add_class("gate", 4, 6);
  const Finished measured = room.trainer({"crossval", "--base", room / "base.safetensors", "--data", room / "data",
                                          "--folds", "3", "--out", room / "cv"});
  INFO(measured.err);
  REQUIRE(measured.code == 0);
  CHECK_THAT(measured.out, Contains("0 dB") && Contains("gate"));
  std::ifstream file(room / "cv/summary.json");
  const boost::json::value summary = boost::json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  CHECK(summary.at("gains_db").at("0").at("of").to_number<int>() == 12);
  CHECK(summary.at("folds").as_array().size() == 3);
  CHECK(summary.at("folds").at(0).at("clips").to_number<int>() == 4);
  CHECK(summary.at("labels").at(1) == "gate");
  CHECK(summary.at("confusion").as_array().size() == 4);
  CHECK(summary.at("taught").at(1).at("events").at("of").to_number<int>() == 6);
  std::ifstream report_file(room / "cv/report.json");
  const boost::json::value report =
      boost::json::parse(std::string{std::istreambuf_iterator<char>(report_file), {}});
  CHECK(report.at("evaluation").at("correct") == summary.at("gains_db").at("0").at("right"));
  CHECK(report.at("evaluation").at("confusion").as_array().size() == 2);
  CHECK(fs::exists(room / "cv/report.html"));
  CHECK(load_model(room / "cv/fold-2/model.safetensors").provenance.at("held out") == "fold 2");
  const Finished again = room.trainer({"crossval", "--base", room / "base.safetensors", "--data",
                                       room / "data", "--folds", "3", "--out", room / "cv"});
  CHECK(again.code == 64);
  CHECK_THAT(again.err, Contains("fold-1, expected a directory without one"));
}

TEST_CASE(
    "the report of a taught base shows what disagrees with its folder, by its windows, and what more clips "
    "bring") {
  const auto bundled = find_bundled_model();
  if (!bundled) return;
  SchoolRoom room;
  room.add_class("tap", 9, 6);
  room.add_class("gate", 4, 6);
  room.add_class("_background_", 7, 2);
  const std::vector<float> in_the_wrong_place = sound_of_class(4, 40, kAlarmRateHz, 2.5);
  write_wav(room / "data/tap/wrong.wav", in_the_wrong_place, kAlarmRateHz);
  write_wav(room / "data/tap/quiet.wav", std::vector<float>(40'000, 1e-5F), kAlarmRateHz);
  const Finished taught = room.trainer(
      with_few_negatives({"train", "--base", *bundled, "--data", room / "data", "--out", room / "out"}));
  INFO(taught.err);
  REQUIRE(taught.code == 0);
  CHECK_THAT(taught.out, Contains("by clips a label: "));
  std::ifstream file(room / "out/report.json");
  const boost::json::value report = boost::json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  CHECK(report.at("evaluation").at("clips").to_number<int>() == 14);
  CHECK(report.at("evaluation").at("correct").to_number<int>() <= 12);
  CHECK_THAT(std::string(report.at("notes").at(0).as_string()), Contains("1 of the clips"));
  const boost::json::array& worst = report.at("worst_clips").as_array();
  bool found = false;
  for (const boost::json::value& clip : worst) {
    if (clip.at("file").as_string() != "tap/wrong.wav") continue;
    found = true;
    CHECK(clip.at("label").as_string() == "tap");
    REQUIRE(clip.at("windows").as_array().size() > 2);
    for (const boost::json::value& window : clip.at("windows").as_array()) {
      CHECK(window.at("highest").as_string() == "gate");
      CHECK(window.at("highest_score").to_number<double>() > window.at("own").to_number<double>());
    }
  }
  CHECK(found);
  const boost::json::array& labels = report.at("taught").as_array();
  REQUIRE(labels.size() == 2);
  CHECK(labels[1].at("label").as_string() == "tap");
  CHECK(labels[1].at("highest").at("of").to_number<int>() == 8);
  CHECK(labels[1].at("threshold").to_number<float>() ==
        load_model(room / "out/model.safetensors").meanings.thresholds.back());
  CHECK(labels[0].at("nearest").as_array().size() == 3);
  const boost::json::array& curve = report.at("learning_curve").as_array();
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].at("clips_per_label").to_number<double>() <
        curve[1].at("clips_per_label").to_number<double>());
  CHECK(curve[1].at("of").to_number<int>() == 13);
  std::ifstream page_file(room / "out/report.html");
  const std::string page{std::istreambuf_iterator<char>(page_file), {}};
  CHECK_NOTHROW(check_html(page));
  CHECK_THAT(page,
             Contains("tap/wrong.wav") && Contains("What more clips bring") && Contains("data:image/png"));
}

TEST_CASE("a taught model is evaluated by its clips' loud windows, among the data's own labels") {
  SchoolRoom room;
  room.add_class("Rain", 3, 4);
  room.add_class("gate", 4, 4);
  REQUIRE(room.teach("out").code == 0);
  room.add_class("Rain", 3, 1, 1e-5F);  // "ax": too quiet to be heard
  const auto evaluate = [&](std::vector<std::string> further) {
    std::vector<std::string> arguments{"evaluate", room / "out/model.safetensors", "--data", room / "data"};
    arguments.insert(arguments.end(), further.begin(), further.end());
    return room.trainer(arguments);
  };
  const Finished finished = evaluate({"--json", "--scores", room / "scores.csv"});
  INFO(finished.err);
  REQUIRE(finished.code == 0);
  const boost::json::value figures = boost::json::parse(finished.out);
  CHECK(figures.at("clips").to_number<int>() == 8);
  CHECK(figures.at("labels").as_array().size() == 2);
  const int windows = figures.at("windows").at("of").to_number<int>();
  CHECK(windows >= 7 * 2);
  CHECK(figures.at("windows").at("correct").to_number<int>() <= windows);
  const Model model = load_model(room / "out/model.safetensors");
  const ScoredClips scored = read_scores_csv(room / "scores.csv", model.labels);
  REQUIRE(scored.size() == 8);
  const ScoredClips few = scored.among({"gate", "Rain"}, false);
  CHECK(few.labels == std::vector<std::string>{"Rain", "gate"});
  int right = 0;
  for (std::size_t clip = 0; clip < 8; ++clip) {
    const bool quiet = scored.files[clip] == "Rain/ax.wav";
    CHECK((few.scores[2 * clip] == 0.0F) == quiet);
    right += few.scores[2 * clip + static_cast<std::size_t>(few.truth[clip])] >
             few.scores[2 * clip + 1 - static_cast<std::size_t>(few.truth[clip])];
  }
  CHECK(right >= 4);
  CHECK(figures.at("correct").to_number<int>() == right);
  CHECK_THAT(evaluate({}).out, Contains("by loud windows; of these alone"));

  const Finished calibrated =
      room.trainer({"calibrate", room / "out/model.safetensors", "--data", room / "data", "--out",
                    room / "calibrated.safetensors", "--json"});
  INFO(calibrated.err);
  REQUIRE(calibrated.code == 0);
  CHECK(boost::json::parse(calibrated.out).at("labels").as_array().size() == 2);
  const std::vector<float> as_taught = scores_of(model, 5);
  const std::vector<float> as_calibrated = scores_of(load_model(room / "calibrated.safetensors"), 5);
  for (std::size_t label = 0; label < model.labels.size(); ++label) {
    const bool taught = model.labels[label] == "Rain" || model.labels[label] == "gate";
    CHECK((as_taught[label] == as_calibrated[label]) != taught);
  }
  const Finished by_scores = room.trainer({"calibrate", room / "out/model.safetensors", "--scores",
                                           room / "scores.csv", "--out", room / "no.safetensors"});
  CHECK(by_scores.code == 64);
  CHECK_THAT(by_scores.err, Contains("expected --data"));

  fs::rename(room / "data/gate", room / "data/door");
  const Finished unknown = evaluate({});
  CHECK(unknown.code == 65);
  CHECK_THAT(unknown.err, Contains("found the label 'door'"));
  room.directory().write("map.toml", "[labels]\ndoor = \"gate\"\n");
  const Finished mapped = evaluate({"--json", "--config", room / "map.toml"});
  CHECK(mapped.code == 0);
  CHECK(boost::json::parse(mapped.out).at("correct").to_number<int>() == right);
}

TEST_CASE("one sound that is a label and is not is refused; in two classes it is told") {
  SchoolRoom room;
  room.add_class("Rain", 3, 3);
  room.add_class("gate", 4, 3);
  fs::copy_file(room / "data/Rain/ax.wav", room / "data/gate/same.wav");
  const Finished twice = room.teach("twice");
  CHECK(twice.code == 0);
  CHECK_THAT(twice.err, Contains("the same sound as") && Contains("each is taught as not being the other"));
  fs::remove(room / "data/gate/same.wav");
  fs::create_directories(room / "data/_not_/gate");
  fs::copy_file(room / "data/gate/bx.wav", room / "data/_not_/gate/other.wav");
  const Finished refused = room.teach("refused");
  CHECK(refused.code == 65);
  CHECK_THAT(refused.err, Contains("_not_/gate/other.wav: found the same sound as") && Contains("bx.wav"));
}

TEST_CASE("what cannot be taught is refused in one line that says why") {
  SchoolRoom room;
  room.add_class("Rain", 3, 3);
  room.add_class("gate", 4, 3);
  const auto refused = [&](const Finished& finished, int code, const std::string& text) {
    CHECK(finished.code == code);
    CHECK_THAT(finished.err, Contains(text));
  };
  refused(room.teach("a", {"--epochs", "3"}), 64, "--epochs: found beside a base");
  refused(room.teach("a", {"--preset", "v6"}), 64, "--base");
  Model softmax = alarm_model();
  softmax.architecture.scores = Scores::softmax;
  save_model(softmax, room / "softmax.safetensors");
  refused(room.teach("a", {}, "softmax"), 65, "softmax");
  room.directory().write("map.toml", "[labels]\ngate = \"Barck\"\n");
  refused(room.teach("a", {"--config", room / "map.toml"}), 78, "perhaps 'Bark'");
  room.directory().write("map.toml", "[labels]\ngatte = \"Bark\"\n");
  refused(room.teach("a", {"--config", room / "map.toml"}), 78, "perhaps 'gate'");
  room.directory().write("map.toml", "[label]\ngate = \"Bark\"\n[base]\n");
  refused(room.teach("a", {"--config", room / "map.toml"}), 78, "label");
  room.add_class("quiet", 1, 2, 1e-5F);
  refused(room.teach("a"), 65, "class 'quiet': found no clip to teach it with that has a window of -60 dBFS");
  room.add_class("_not_/Dogg", 1, 1);
  refused(room.teach("a"), 65, "_not_/Dogg");
  fs::remove_all(room / "data");
  fs::create_directories(room / "data");
  CHECK(room.teach("a").code == 65);
}

TEST_CASE("one class of two clips is enough for a base, if there is something to tell it apart from") {
  SchoolRoom room;
  room.add_class("gate", 4, 2);
  const Finished alone = room.teach("alone");
  CHECK(alone.code == 65);
  CHECK_THAT(alone.err, Contains("label 'gate': found nothing that it is told apart from"));
  room.add_class("_background_", 3, 2);
  const Finished taught = room.teach("out");
  INFO(taught.err);
  CHECK(taught.code == 0);
  CHECK(load_model(room / "out/model.safetensors").labels.back() == "gate");
  CHECK_THAT(taught.out, !Contains("by clips a label"));  // it is the highest of one
  CHECK_THAT(text_of(room / "out/report.html"),
             Contains("One label was taught") && !Contains("class=\"hero\""));

  // Nothing of these can be left out, so nothing is said of them unheard.
  fs::remove_all(room / "data/gate");
  room.add_class("gate", 4, 1);
  room.add_class("bell", 9, 1);
  const Finished each = room.teach("each");
  INFO(each.err);
  CHECK(each.code == 0);
  CHECK_THAT(each.out, !Contains("by clips a label"));
  const std::string page = text_of(room / "each/report.html");
  CHECK_NOTHROW(check_html(page));
  CHECK_THAT(page,
             Contains("No clip could be left out") && !Contains("class=\"hero\"") && !Contains("More clips"));
}

TEST_CASE("the bundled model learns a sound of yours and keeps its 521") {
  const auto bundled = find_bundled_model();
  if (!bundled) return;
  SchoolRoom room;
  room.add_class("my gate", 4, 4);
  room.add_class("my bell", 9, 4);
  const Finished taught =
      room.trainer(with_few_negatives({"train", "--data", room / "data", "--out", room / "out"}));
  INFO(taught.err);
  REQUIRE(taught.code == 0);
  const Model before = load_model(*bundled);
  const Model after = load_model(room / "out/model.safetensors");
  REQUIRE(after.labels.size() == 523);
  const std::vector<float> scores = scores_of(before, 3);
  const std::vector<float> taught_scores = scores_of(after, 3);
  for (std::size_t i = 0; i < scores.size(); ++i) CHECK(taught_scores[i] == scores[i]);
  CHECK(fs::file_size(room / "out/model.safetensors") < fs::file_size(*bundled) + 100'000);  // still 16 bits
  const auto score = [&](int sound, std::size_t label) {
    const std::vector<float> samples = sound_of_class(sound, 77, kAlarmRateHz, 1.0);
    std::vector<float> features(after.recipe.shape().size());
    FeatureExtractor(after.recipe).extract_clip(samples, features);
    std::vector<float> all(after.labels.size());
    REQUIRE(Classifier(after, 1).classify(features, all));
    return all[label];
  };
  const bool bell_first = after.labels[521] == "my bell";
  const std::size_t bell = bell_first ? 521 : 522;
  CHECK(score(9, bell) > score(4, bell) + 0.3F);
}

}  // namespace earshot::test
