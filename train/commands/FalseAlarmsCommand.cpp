#include "train/commands/FalseAlarmsCommand.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/StopSignal.h"
#include "dsp/base/Terminal.h"
#include "dsp/base/Utf8.h"
#include "nn/events/EventRules.h"
#include "nn/inference/Classifier.h"
#include "nn/inference/HeardLabels.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"
#include "train/commands/Tell.h"
#include "train/data/RecordingHolds.h"
#include "train/data/SoundFiles.h"
#include "train/data/Workers.h"
#include "train/measuring/FalseAlarms.h"
#include "train/measuring/FalseAlarmsReport.h"
#include "train/measuring/HeardRecording.h"
#include "train/measuring/RaisedThresholds.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

// Of one file.
struct Outcome {
  HeardRecording recording;
  std::string problem;  // why it is left out
};

std::vector<Outcome> hear_all(const Model& model, const std::vector<fs::path>& files, unsigned threads,
                              const StopSignal& stop) {
  const bool live = terminal_of(STDERR_FILENO).live;
  const auto network = prepare_network(model);
  const auto stopped = [&stop] { return stop.received() != 0; };
  std::vector<Outcome> outcomes(files.size());
  tell(fmt::format("hearing {} recordings", files.size()));
  work_on_items(
      files.size(), threads,
      [&] {
        return [&, hearer = std::make_shared<RecordingHearer>(model, network)](std::size_t i) {
          try {
            outcomes[i].recording = hearer->hear(files[i], stopped);
          } catch (const Error& error) {
            if (error.code() == ExitCode::software) throw;
            outcomes[i].problem = error.what();
          }
        };
      },
      [&](std::size_t done) {
        if (live) std::cerr << fmt::format("\r\x1b[Krecordings {}/{}", done, files.size()) << std::flush;
        return !stopped();
      });
  if (live) std::cerr << "\r\x1b[K";
  if (stopped()) tell("interrupted");
  return outcomes;
}

struct Heard {
  std::vector<HeardRecording> recordings;
  std::vector<std::string> names;
  std::size_t left_out = 0;
};

// What could be read, and a word on the rest.
Heard sort_out(std::vector<Outcome> outcomes, const std::vector<fs::path>& files, const fs::path& folder) {
  Heard heard;
  std::size_t padded = 0;
  std::uint64_t bad_samples = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    HeardRecording& recording = outcomes[i].recording;
    for (const std::string& damage : recording.damages) tell(damage);
    if (!outcomes[i].problem.empty()) {
      tell("left out: " + outcomes[i].problem);
      ++heard.left_out;
      continue;
    }
    padded += recording.padded ? 1 : 0;
    bad_samples += recording.bad_samples;
    heard.recordings.push_back(std::move(recording));
    heard.names.push_back(files[i].lexically_relative(folder).string());
  }
  if (padded > 0) {
    tell(fmt::format("{} recordings are shorter than the model's window: filled up with silence, as a live source's",
                     padded));
  }
  if (bad_samples > 0) tell(fmt::format("{} NaN, infinite or absurdly loud samples taken as 0", bad_samples));
  if (heard.recordings.empty()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found none of {} recordings that can be read, expected at least one",
                            folder.string(), files.size()));
  }
  return heard;
}

void expect_settable(const Model& model, const fs::path& path) {
  if (!hears_highest_only(model)) return;
  throw Error(ExitCode::bad_data,
              path.string() + ": found a softmax without thresholds, of which no label but the highest is heard, "
                              "expected a model whose labels have thresholds of their own");
}

[[noreturn]] void refuse_rate(double per_hour, double hours, const fs::path& data) {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: found {:.3f} h, which cannot show {} an hour: with no event at all it may still be "
                          "{:.2f}; expected {:.1f} h of recordings at least, or a higher rate",
                          data.string(), hours, per_hour, unseen_per_hour(hours), hours_to_show(per_hour)));
}

// "12.500 h of kitchen"
std::string data_text(double hours, const fs::path& data) {
  const fs::path normal = (data / "").lexically_normal().parent_path();
  return fmt::format("{:.3f} h of {}", hours, printable(normal.filename().string()));
}

Model with_thresholds(Model model, const RaisedThresholds& raised, double per_hour, const std::string& of) {
  model.meanings.thresholds = raised.thresholds;
  model.meanings.add_measured(raised.raised);
  model.provenance["thresholds"] =
      fmt::format("{} raised for at most {} false alarms an hour of each label, by {}", raised.raised.size(), per_hour,
                  of);
  return model;
}

}  // namespace

int run_false_alarms(const FalseAlarmsOptions& options) {
  const Model model = load_model(options.model);
  if (options.set_per_hour) expect_settable(model, options.model);
  const SoundFolder sounds = sound_files_below(options.data);
  for (const std::string& line : sounds.skipped) tell(line);
  std::vector<std::vector<bool>> holds = recording_holds(options.data, sounds.files, model);
  const auto threads = static_cast<unsigned>(options.threads);
  const EventRules rules = event_rules({}, model);

  const StopSignal stop;
  std::vector<Outcome> outcomes = hear_all(model, sounds.files, threads, stop);
  if (stop.received() != 0) return 128 + stop.received();
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i].recording.held = std::move(holds[i]);
  Heard heard = sort_out(std::move(outcomes), sounds.files, options.data);
  FalseAlarmsReport report{.model = model,
                           .names = std::move(heard.names),
                           .left_out = heard.left_out,
                           .alarms = count_false_alarms(heard.recordings, rules, threads),
                           .raising = {}};
  const auto print = [&] { std::cout << (options.json ? false_alarms_json(report) : false_alarms_text(report)); };
  if (!options.set_per_hour) {
    print();
    return 0;
  }

  const double hours = report.alarms.rate.hours;
  const double wanted = *options.set_per_hour;
  if (wanted < unseen_per_hour(hours)) {
    print();  // what took long stands all the same
    refuse_rate(wanted, hours, options.data);
  }
  RaisedThresholds raised =
      raise_thresholds(model, heard.recordings, wanted, threads, [&stop] { return stop.received() != 0; });
  if (stop.received() != 0) return 128 + stop.received();
  const Model set = with_thresholds(model, raised, wanted, data_text(hours, options.data));
  FalseAlarms after = count_false_alarms(heard.recordings, event_rules({}, set), threads);
  save_model(set, *options.out);
  report.raising = {wanted, *options.out, std::move(raised), std::move(after)};
  print();
  return 0;
}

void add_false_alarms(CommandLine& line) {
  const auto options = std::make_shared<FalseAlarmsOptions>();
  Command command = line.add("false-alarms", "Count what a model hears in recordings of anything else",
                             [options] { return run_false_alarms(*options); });
  command.option("model", &options->model, "The model file").required();
  command.option("--data", &options->data, "Folder of recordings; holds.csv in it says what some of them hold")
      .required();
  CommandOption set = command.option("--set", &options->set_per_hour,
                                     "Raise thresholds until no label has more events an hour");
  CommandOption out = command.option("--out", &options->out, "Write the model with them there");
  set.range(0.001, 3600.0).needs(out);
  out.needs(set);
  command.option("--json", &options->json, "One JSON document instead of text");
  command.threads(options->threads);
}

}  // namespace earshot
