#include "train/commands/Lessons.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>
#include <utility>

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"
#include "nn/model/BundledModel.h"
#include "train/commands/LoadClips.h"
#include "train/commands/Tell.h"
#include "train/data/ClipChoice.h"
#include "train/samples/FeatureCache.h"
#include "train/teaching/Contradictions.h"
#include "train/teaching/NearestNegatives.h"

namespace earshot {
namespace {

/// With what the options say instead or besides.
TeachConfig teach_config(const TrainOptions& options) {
  TeachConfig config = options.config ? load_teach_config(*options.config) : TeachConfig{};
  config.base = options.base ? *options.base : config.base.value_or(bundled_model());
  config.without.insert(config.without.end(), options.no_bank.begin(), options.no_bank.end());
  return config;
}

std::vector<std::string> rejected_labels(const DataSet& data) {
  std::set<std::string> labels;
  for (const RejectedClip& clip : data.rejected) labels.insert(clip.label);
  return {labels.begin(), labels.end()};
}

DataSet without_fold(DataSet data, std::optional<int> held_out) {
  if (held_out) {
    clips_of_fold(data, *held_out);  // throws if there is no such fold
    std::erase_if(data.clips, [&](const LabelledClip& clip) { return clip.fold == *held_out; });
  }
  std::erase_if(data.clips, [](const LabelledClip& clip) { return clip.part == Part::test; });
  return data;
}

TaughtLabels named_labels(const TeachConfig& config, const Base& base, const DataSet& data) {
  try {
    return taught_labels(base.model, data.labels, config.labels, rejected_labels(data));
  } catch (const Error& error) {
    if (error.code() == ExitCode::config) throw;  // which says where
    throw Error(error.code(), data.directory.string() + ": " + error.what());
  }
}

NegativeBank bank_of(const TeachConfig& config, const Base& base) {
  const std::filesystem::path path = bank_beside(*config.base);
  if (std::filesystem::exists(path)) return load_bank(path, base).without(config.without);
  // A child of the bundled model has its trunk.
  const std::filesystem::path bundled = bank_beside(bundled_model());
  if (std::filesystem::exists(bundled)) {
    try {
      return load_bank(bundled, base).without(config.without);
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_data) throw;  // of another base
    }
  }
  if (!config.without.empty()) throw Error(ExitCode::no_input, path.string() + ": found no bank to leave families out of");
  tell(path.string() + ": found no bank of negatives: your classes and _background_ are all that it is taught against");
  return {};
}

}  // namespace

bool teaches_base(const TrainOptions& options) {
  if (options.base) return true;
  if (options.config) return is_teach_config(*options.config);
  return options.preset.empty();
}

Lessons::Lessons(const TrainOptions& options, DataSet data, std::optional<int> held_out,
                 const StopSignal& stop)
    : Lessons(teach_config(options), without_fold(std::move(data), held_out)) {
  for (const std::string& hint : taught_.hints) tell(hint);
  for (const std::string& note : find_contradictions(data_, taught_)) tell(note);
  std::vector<std::filesystem::path> files;
  for (const LabelledClip& clip : data_.clips) files.push_back(clip.path);
  for (const RejectedClip& clip : data_.rejected) files.push_back(clip.path);
  windows_ =
      embed_clips(files, base_, {}, {"clips", static_cast<unsigned>(options.threads), options.strict}, stop);
  if (!windows_.complete) return;
  limit_kept_features();
  for (const std::string& line : nearest_negatives(data_, taught_, windows_, bank_)) tell(line);
}

Lessons::Lessons(const TeachConfig& config, DataSet data)
    : base_(load_model(*config.base)),
      notice_(config.notice),
      without_(config.without),
      data_(std::move(data)),
      taught_(named_labels(config, base_, data_)),
      bank_(bank_of(config, base_)) {}

HeadTeacher Lessons::teacher(const TrainOptions& options) const {
  return HeadTeacher(material(), options.seed.value_or(1), static_cast<unsigned>(options.threads));
}

Model Lessons::model(const TaughtHead& head, const TrainOptions& options) const {
  Model model = with_rows(base_, taught_, head.rows);
  model.recipe.clip = ClipFit::windows;
  model.meanings.thresholds = head.thresholds;
  model.meanings.add_measured(head.measured);
  std::vector<std::string> names;
  for (const std::size_t row : taught_.rows) names.push_back(taught_.labels[row]);
  std::map<std::string, std::string>& said = model.provenance;
  for (const char* of_this : {"taught", "bank", "cross-validation", "held out", "data"}) {  // of the base, if it was taught as well
    const auto found = said.find(of_this);
    if (found == said.end()) continue;
    said[fmt::format("base {}", of_this)] = found->second;
    said.erase(found);
  }
  said["base"] = base_.model.name + ", " + base_.model.sha256;
  said["made by"] = "earshot " EARSHOT_VERSION ", trainer train --base";
  said["made on"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
  said["seed"] = fmt::format("{}", options.seed.value_or(1));
  const auto heard = std::ranges::count_if(
      data_.clips, [&](const LabelledClip& clip) { return !options.fold || clip.fold != *options.fold; });
  said["data"] = fmt::format("{}: {} clips", data_.name(), heard);
  if (!data_.rejected.empty()) said["data"] += fmt::format(", {} of _not_", data_.rejected.size());
  said["taught"] = fmt::format("{}", fmt::join(names, "; "));
  if (bank_.size() > 0) {
    said["bank"] = fmt::format("{} windows of {} recordings", bank_.size(), bank_.recordings.size());
    said["bank notice"] = bank_.notice;
  }
  Tally highest;
  Tally events;
  for (const UnheardLabel& label : head.unheard) {
    highest.found += label.highest.found;
    highest.of += label.highest.of;
    events.found += label.own.found;
    events.of += label.own.of;
  }
  if (highest.of > 0) {
    said["cross-validation"] =
        fmt::format("of {} clips, each by a layer that had not heard it, {} have their label highest, {} an event",
                    highest.of, highest.found, events.found);
  }
  if (!notice_.empty()) {
    std::string& notice = said["notice"];  // beside the base's
    if (notice.find(notice_) == std::string::npos) notice += (notice.empty() ? "" : "; ") + notice_;
  }
  if (options.fold) said["held out"] = fmt::format("fold {}", *options.fold);
  return model;
}

}  // namespace earshot
