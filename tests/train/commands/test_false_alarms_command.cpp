// The real `trainer false-alarms` over recordings of a test's own, beside the real `earshot classify --events`.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/dsp/audio/SoundBytes.h"
#include "tests/support/BundledModel.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/train/AlarmModel.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Catch::Matchers::Contains;

/// A folder of three recordings, one of them with a hole, and a model that hears something in them.
class AlarmWorkshop {
 public:
  AlarmWorkshop() {
    fs::create_directories(data() / "yard");
    write_wav(data() / "kitchen.wav", mixed_sounds(1, 60.0), kAlarmRateHz);
    write_wav(data() / "yard/night.wav", mixed_sounds(8, 60.0), 44'100);
    std::string broken = encoded(mixed_sounds(15, 30.0), kFlac, kAlarmRateHz);
    broken.erase(broken.size() / 2, broken.size() / 10);
    directory_.write("data/yard/broken.flac", broken);
    save(tuned_to(alarm_model(), data() / "kitchen.wav"));
  }

  fs::path data() const { return directory_ / "data"; }
  fs::path model() const { return directory_ / "model.safetensors"; }
  fs::path out() const { return directory_ / "out.safetensors"; }
  void save(const Model& model_in) const { save_model(model_in, model()); }
  void write(const std::string& name, const std::string& text) const { directory_.write("data/" + name, text); }

  Finished run(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{EARSHOT_TRAINER, "false-alarms", model(), "--data", data()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  json::object document(std::vector<std::string> more = {}) const {
    more.push_back("--json");
    const Finished finished = run(std::move(more));
    INFO(finished.err);
    REQUIRE(finished.code == 0);
    return json::parse(finished.out).as_object();
  }

 private:
  TemporaryDirectory directory_;
};

struct LabelEvents {
  std::int64_t events = 0;
  float peak = 0.0F;
  bool operator==(const LabelEvents&) const = default;
};

std::map<std::string, LabelEvents> events_by_label(const json::object& document) {
  std::map<std::string, LabelEvents> found;
  for (const json::value& own : document.at("labels").as_array()) {
    found[std::string(own.at("label").as_string())] = {own.at("events").as_int64(),
                                                       static_cast<float>(own.at("peak").to_number<double>())};
  }
  return found;
}

/// What `earshot classify --events` says of files, with live sound's gate.
std::map<std::string, LabelEvents> events_live(const fs::path& model, const std::vector<fs::path>& files) {
  std::vector<std::string> arguments{EARSHOT_EARSHOT, "classify", "--events", "--json",
                                     "--gate",        "-60",      "--model",  model};
  arguments.insert(arguments.end(), files.begin(), files.end());
  const Finished finished = run_program(arguments);
  INFO(finished.err);
  REQUIRE(finished.code == 0);
  std::map<std::string, LabelEvents> found;
  std::istringstream lines(finished.out);
  for (std::string line; std::getline(lines, line);) {
    const json::object message = json::parse(line).as_object();
    if (message.at("type").as_string() != "event" || message.at("phase").as_string() != "end") continue;
    LabelEvents& own = found[std::string(message.at("label").as_string())];
    ++own.events;
    own.peak = std::max(own.peak, static_cast<float>(message.at("peak_confidence").to_number<double>()));
  }
  return found;
}

std::int64_t sum_of(const std::map<std::string, LabelEvents>& events) {
  std::int64_t sum = 0;
  for (const auto& [label, own] : events) sum += own.events;
  return sum;
}

}  // namespace

TEST_CASE("false-alarms counts the very events that the live path has") {
  const AlarmWorkshop workshop;
  const json::object document = workshop.document();
  const auto live = events_live(workshop.model(), {workshop.data() / "kitchen.wav",
                                                   workshop.data() / "yard/broken.flac",
                                                   workshop.data() / "yard/night.wav"});
  CHECK(sum_of(live) > 15);
  CHECK(live.size() > 3);
  CHECK(events_by_label(document) == live);
  CHECK(document.at("events").as_int64() == sum_of(live));
  CHECK(document.at("recordings") == 3);
  const double hours = document.at("hours").as_double();
  CHECK(3600.0 * hours > 60.0 + 60.0 * 16.0 / 44.1 + 20.0);
  CHECK(3600.0 * hours < 60.0 + 60.0 * 16.0 / 44.1 + 30.0);
  CHECK(document.at("per_hour").as_double() == Approx(static_cast<double>(sum_of(live)) / hours));
  CHECK(document.at("low").as_double() < document.at("per_hour").as_double());
  CHECK(document.at("high").as_double() > document.at("per_hour").as_double());
  CHECK(document.at("unseen_per_hour").as_double() == Approx(3.0 / hours));
  CHECK(document.at("silent_labels") == 5 - static_cast<std::int64_t>(live.size()));  // Silence is ambience
}

TEST_CASE("the bundled model's false alarms over a short recording are the live path's") {
  const auto model = find_bundled_model();
  if (!model) return;
  const TemporaryDirectory directory;
  fs::create_directories(directory / "data");
  write_wav(directory / "data/a.wav", mixed_sounds(1, 30.0), kAlarmRateHz);
  const Finished finished =
      run_program({EARSHOT_TRAINER, "false-alarms", *model, "--data", directory / "data", "--json"});
  INFO(finished.err);
  REQUIRE(finished.code == 0);
  const auto live = events_live(*model, {directory / "data/a.wav"});
  CHECK(sum_of(live) > 0);
  CHECK(events_by_label(json::parse(finished.out).as_object()) == live);
}

TEST_CASE("threads change nothing of what false-alarms prints") {
  const AlarmWorkshop workshop;
  const Finished one = workshop.run({"--threads", "1"});
  CHECK(one.code == 0);
  CHECK(workshop.run({"--threads", "3"}).out == one.out);
  CHECK_THAT(one.out, Contains(" h heard in 3 recordings\n") && Contains("95 % interval") &&
                          Contains("the surest\n") && Contains("kitchen.wav at 0:00:") &&
                          Contains("labels had no event\n0 events in 0.030 h: the rate may still be up to "));
  CHECK_THAT(one.err, Contains("broken.flac") && Contains("could not be read"));
}

TEST_CASE("what holds.csv says of a recording is no false alarm there") {
  const AlarmWorkshop workshop;
  const auto all = events_by_label(workshop.document());
  workshop.write("holds.csv", "file,labels\nkitchen.wav,Rain\nyard/night.wav,Rain\nyard/broken.flac,Rain\n");
  auto expected = all;
  REQUIRE(expected.erase("Rain") == 1);
  CHECK(events_by_label(workshop.document()) == expected);
  workshop.write("holds.csv", "file,labels\nkitchen.wav,Bark\n");
  const json::object document = workshop.document();
  for (const json::value& own : document.at("labels").as_array()) {
    const std::string label(own.at("label").as_string());
    const bool kin = label == "Bark" || label == "Dog" || label == "Animal";
    INFO(label);
    CHECK((own.at("hours").as_double() < document.at("hours").as_double()) == kin);
    if (kin) CHECK(own.at("file").as_string() != "kitchen.wav");
    if (!kin) CHECK(own.at("events").as_int64() == all.at(label).events);
  }
  CHECK(document.at("events").as_int64() < sum_of(all));
  workshop.write("holds.csv", "file,labels\nkitchn.wav,Bark\n");
  const Finished refused = workshop.run();
  CHECK(refused.code == 65);
  CHECK_THAT(refused.err, Contains("holds.csv:2: file: found 'kitchn.wav'") && Contains("nearest is 'kitchen.wav'"));
}

TEST_CASE("a rate that is set raises thresholds until no label has more events, and says so in the model") {
  const AlarmWorkshop workshop;
  const json::object before = workshop.document();
  const json::object set = workshop.document({"--set", "150", "--out", workshop.out()}).at("set").as_object();
  const Model old_model = load_model(workshop.model());
  const Model new_model = load_model(workshop.out());
  REQUIRE(set.at("raised").as_array().size() >= 2);
  CHECK(set.at("unreachable").as_array().empty());
  std::vector<std::size_t> raised;
  for (std::size_t label = 0; label < old_model.labels.size(); ++label) {
    CHECK(new_model.meanings.thresholds[label] >= old_model.meanings.thresholds[label]);
    if (new_model.meanings.thresholds[label] > old_model.meanings.thresholds[label]) raised.push_back(label);
  }
  CHECK(raised.size() == set.at("raised").as_array().size());
  CHECK(new_model.meanings.measured == raised);
  CHECK(new_model.meanings.parents == old_model.meanings.parents);
  CHECK(new_model.weights == old_model.weights);
  CHECK_THAT(new_model.provenance.at("thresholds"),
             Contains("at most 150 false alarms an hour") && Contains(" h of data"));

  workshop.save(new_model);
  const json::object after = workshop.document();
  CHECK(after.at("events").as_int64() < before.at("events").as_int64());
  for (const json::value& own : after.at("labels").as_array()) CHECK(own.at("per_hour").as_double() <= 150.0);
  auto events_after = events_by_label(after);
  for (const json::value& own : set.at("raised").as_array()) {
    const auto events = static_cast<double>(events_after[std::string(own.at("label").as_string())].events);
    CHECK(own.at("per_hour_after").as_double() == Approx(events / after.at("hours").as_double()));
  }
  // Nothing is left to do.
  const Finished again = workshop.run({"--set", "150", "--out", workshop.out()});
  CHECK_THAT(again.out, Contains("at most 150 an hour: 0 thresholds raised, written to "));
  CHECK(load_model(workshop.out()).meanings == new_model.meanings);
}

TEST_CASE("a rate that so few hours cannot show is refused, the results told all the same") {
  const AlarmWorkshop workshop;
  const Finished refused = workshop.run({"--set", "2", "--out", workshop.out()});
  CHECK(refused.code == 65);
  CHECK_THAT(refused.out, Contains("h heard in 3 recordings"));
  CHECK_THAT(refused.err, Contains("which cannot show 2 an hour") && Contains("expected 1.5 h of recordings at least"));
  CHECK_FALSE(fs::exists(workshop.out()));
  CHECK(workshop.run({"--set", "200"}).code == 64);
  CHECK(workshop.run({"--out", workshop.out()}).code == 64);
  CHECK(workshop.run({"--set", "0", "--out", workshop.out()}).code == 64);

  Model softmax = load_model(workshop.model());
  softmax.architecture.scores = Scores::softmax;
  softmax.meanings.thresholds.clear();
  workshop.save(softmax);
  const Finished highest = workshop.run({"--set", "200", "--out", workshop.out()});
  CHECK(highest.code == 65);
  CHECK_THAT(highest.err, Contains("a softmax without thresholds"));
  CHECK(workshop.run().code == 0);
}

TEST_CASE("thresholds that a model lacks begin at a half") {
  const AlarmWorkshop workshop;
  Model model = load_model(workshop.model());
  model.meanings.thresholds.clear();
  workshop.save(model);
  const json::object document = workshop.document({"--set", "150", "--out", workshop.out()});
  CHECK(document.at("events").as_int64() > 0);
  for (const json::value& own : document.at("set").at("raised").as_array()) CHECK(own.at("before") == 0.5);
  const std::vector<float> thresholds = load_model(workshop.out()).meanings.thresholds;
  REQUIRE(thresholds.size() == 6);
  CHECK(*std::ranges::min_element(thresholds) == 0.5F);
}

TEST_CASE("recordings that cannot be read are named and left out, and a folder without sounds is missing input") {
  const AlarmWorkshop workshop;
  workshop.write("text.wav", "this is no sound");
  workshop.write("notes.txt", "nor is this, and nobody takes it for one");
  write_wav(workshop.data() / "click.wav", mixed_sounds(2, 0.3), kAlarmRateHz);
  const Finished finished = workshop.run();
  CHECK(finished.code == 0);
  CHECK_THAT(finished.out, Contains(" h heard in 4 recordings, 1 left out\n"));
  CHECK_THAT(finished.err, Contains("left out: ") && Contains("text.wav") && !Contains("notes.txt") &&
                               Contains("1 recordings are shorter than the model's window"));
  const TemporaryDirectory other;
  const std::vector<std::string> arguments{EARSHOT_TRAINER, "false-alarms", workshop.model(), "--data", other.path()};
  const Finished empty = run_program(arguments);
  CHECK(empty.code == 66);
  CHECK_THAT(empty.err, Contains("found no sounds, expected a folder of sounds"));
  other.write("text.wav", "this is no sound");
  const Finished unreadable = run_program(arguments);
  CHECK(unreadable.code == 65);
  CHECK_THAT(unreadable.err, Contains("found none of 1 recordings that can be read"));
}

TEST_CASE("Ctrl-C ends it in the middle of a recording") {
  const AlarmWorkshop workshop;
  const TemporaryDirectory directory;
  const std::vector<float> minute = mixed_sounds(3, 60.0);
  std::vector<float> samples;
  for (int i = 0; i < 4; ++i) samples.insert(samples.end(), minute.begin(), minute.end());
  write_wav(directory / "long.wav", samples, 1'000);  // more than an hour
  Child child({EARSHOT_TRAINER, "false-alarms", workshop.model(), "--data", directory.path(), "--threads", "1"});
  for (int i = 0; i < 3'000 && child.err().find("hearing 1 recordings") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  child.send_signal(SIGINT);
  CHECK(child.wait() == 128 + SIGINT);
  CHECK(child.out().empty());
  CHECK_THAT(child.err(), Contains("interrupted"));
}

}  // namespace earshot::test
