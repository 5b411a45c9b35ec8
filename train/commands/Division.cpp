#include "train/commands/Division.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "train/data/ClipChoice.h"
#include "train/data/Folds.h"
#include "train/data/Split.h"

namespace earshot {
namespace {

[[noreturn]] void refuse(const DataSet& data, const std::string& what) {
  throw Error(ExitCode::bad_data, data.directory.string() + ": " + what);
}

/// Positions in `pool` -> clips.
Division division_of(const Split& split, const std::vector<std::size_t>& pool) {
  Division division;
  for (const std::size_t i : split.train) division.train.push_back(pool[i]);
  for (const std::size_t i : split.test) division.validation.push_back(pool[i]);
  return division;
}

Division split_by_lot(const DataSet& data, const std::vector<std::size_t>& pool, std::uint32_t seed) {
  if (pool.size() < 2) {
    refuse(data, fmt::format("found {} training clips, expected 2 at least to split", pool.size()));
  }
  return division_of(train_test_split(pool.size(), seed), pool);
}

Division split_each_class(const DataSet& data, const std::vector<std::size_t>& pool, std::uint32_t seed) {
  std::vector<int> labels;
  for (const std::size_t clip : pool) labels.push_back(data.clips[clip].label);
  std::vector<std::size_t> counts(data.labels.size(), 0);
  for (const int label : labels) ++counts[static_cast<std::size_t>(label)];
  if (const auto single = std::ranges::find(counts, 1U); single != counts.end()) {
    refuse(data, fmt::format("class '{}': found 1 clip to split, expected 2 at least to stratify",
                             data.labels[static_cast<std::size_t>(single - counts.begin())]));
  }
  try {
    return division_of(stratified_split(labels, seed), pool);
  } catch (const Error& error) {
    throw Error(error.code(), data.directory.string() + ": " + error.what());
  }
}

Division by_fold(const DataSet& data, const std::vector<std::size_t>& pool, const TrainConfig& config,
                 std::optional<int> held_out) {
  const int fold = config.validation_fold;
  if (held_out == fold) {
    throw Error(ExitCode::config, fmt::format("{}: key 'validation.fold': found {}, which --fold holds out, "
                                              "expected another",
                                              config.name, fold));
  }
  Division division;
  division.validation = clips_of_fold(data, fold);
  if (division.validation.empty()) {
    refuse(data,
           fmt::format("found only background in fold {}, expected clips of classes to validate on", fold));
  }
  for (const std::size_t clip : pool) {
    if (data.clips[clip].fold != fold) division.train.push_back(clip);
  }
  return division;
}

Division divide_pool(const DataSet& data, std::vector<std::size_t> pool, const TrainConfig& config,
                     std::optional<int> held_out) {
  switch (config.validation) {
    case TrainConfig::Validation::none:
      return {std::move(pool), {}};
    case TrainConfig::Validation::random:
      return split_by_lot(data, pool, config.seed);
    case TrainConfig::Validation::stratified:
      return split_each_class(data, pool, config.seed);
    case TrainConfig::Validation::grouped: {
      Split split = grouped_split(data, pool, config.seed);
      return {std::move(split.train), std::move(split.test)};
    }
    case TrainConfig::Validation::fold:
      return by_fold(data, pool, config, held_out);
  }
  throw Error(ExitCode::software, "a validation split that divide() does not know");
}

}  // namespace

Division divide(const DataSet& data, const TrainConfig& config, std::optional<int> held_out) {
  if (held_out) clips_of_fold(data, *held_out);  // refuses a fold that is not there
  std::vector<std::size_t> pool;
  for (const std::size_t clip : clips_of_part(data, Part::train)) {
    if (!held_out || data.clips[clip].fold != *held_out) pool.push_back(clip);
  }
  Division division = divide_pool(data, std::move(pool), config, held_out);
  std::set<int> heard;  // recordings that validate, if none may be parted
  if (config.validation == TrainConfig::Validation::grouped) {
    for (const std::size_t clip : division.validation) heard.insert(data.clips[clip].group);
    heard.erase(-1);
  }
  const bool validates_fold = config.validation == TrainConfig::Validation::fold;
  for (std::size_t i = 0; i < data.clips.size(); ++i) {
    const LabelledClip& clip = data.clips[i];
    const bool elsewhere =
        clip.part != Part::train ||
        (clip.fold > 0 && (clip.fold == held_out || (validates_fold && clip.fold == config.validation_fold)));
    if (clip.background() && !elsewhere && !heard.contains(clip.group)) division.train.push_back(i);
  }
  if (division.train.empty()) refuse(data, "found no training clips, expected at least one");
  std::set<int> classes;
  for (const std::size_t clip : division.train) {
    for (const int label : data.clips[clip].labels()) classes.insert(label);
  }
  if (classes.empty()) refuse(data, "found no clip of a class to train on, expected one at least");
  const auto is_enough_alone = [&] {  // with scores that are a softmax a single class is always right
    return data.labels.size() == 1 && network_architecture(config, 1).scores == Scores::sigmoid;
  };
  if (classes.size() < 2 && !is_enough_alone()) {
    refuse(data, fmt::format("found only clips of '{}' to train on, expected two classes at least",
                             data.labels[static_cast<std::size_t>(*classes.begin())]));
  }
  return division;
}

}  // namespace earshot
