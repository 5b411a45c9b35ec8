#include "train/learning/RunSettings.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Sha256.h"
#include "train/data/SoundFiles.h"

namespace earshot {
namespace {

namespace json = boost::json;

std::string short_hex(Sha256& sum) {
  return sum.hex().substr(0, 12);
}

std::string names_and_labels(const DataSet& data, const FeatureSet& part) {
  Sha256 sum;
  for (const std::size_t clip : part.clips) {
    const LabelledClip& each = data.clips[clip];
    const std::string labels = each.background() ? "-1" : fmt::format("{}", fmt::join(each.labels(), ";"));
    sum.update(fmt::format("{}\n{}\n", data.name_of(each), labels));
  }
  return fmt::format("{} clips, {}", part.size(), short_hex(sum));
}

std::string contents_of(const FeatureSet& part) {
  Sha256 sum;
  for (const std::uint64_t content : part.contents) sum.update(fmt::format("{}\n", content));
  return short_hex(sum);
}

std::string bytes_below(const std::filesystem::path& folder) {
  Sha256 sum;
  const std::vector<std::filesystem::path> files = sound_files_below(folder).files;
  for (const std::filesystem::path& file : files) {
    sum.update(file.lexically_relative(folder).string() + '\n');
    read_blocks(file, "a sound", [&](std::string_view block) { sum.update(block); });
  }
  return fmt::format("{} files, {}", files.size(), short_hex(sum));
}

struct Difference {
  std::string place;
  std::string found;
  std::string expected;
};

std::string text_of(const json::value* value) {
  return value == nullptr ? "nothing" : json::serialize(*value);
}

/// An element of a list: a layer by its name.
std::string place_of(const json::value& element, std::size_t i) {
  const json::object* object = element.if_object();
  const json::value* name = object == nullptr ? nullptr : object->if_contains("name");
  return name == nullptr ? fmt::format("{}", i + 1) : fmt::format("layer {}", json::serialize(*name));
}

Difference difference_of(const std::string& place, const json::value* now, const json::value* then);

Difference difference_of_lists(const std::string& place, const json::array& now, const json::array& then) {
  for (std::size_t i = 0; i < std::max(now.size(), then.size()); ++i) {
    const json::value* here = i < now.size() ? &now[i] : nullptr;
    const json::value* there = i < then.size() ? &then[i] : nullptr;
    if (here != nullptr && there != nullptr && *here == *there) continue;
    const std::string element = place_of(there != nullptr ? *there : *here, i);
    return difference_of(fmt::format("{}: {}", place, element), here, there);
  }
  return {};
}

Difference difference_of_objects(const std::string& place, const json::object& now,
                                 const json::object& then) {
  std::set<std::string> keys;
  for (const auto& [key, value] : then) keys.insert(key);
  for (const auto& [key, value] : now) keys.insert(key);
  // A layer of another name or kind is another layer: the rest of it says less.
  std::vector<std::string> order{"name", "kind"};
  order.insert(order.end(), keys.begin(), keys.end());
  for (const std::string& key : order) {
    const json::value* here = now.if_contains(key);
    const json::value* there = then.if_contains(key);
    if ((here == nullptr && there == nullptr) || (here != nullptr && there != nullptr && *here == *there)) {
      continue;
    }
    return difference_of(key == "layers" ? place : fmt::format("{}: {}", place, key), here, there);
  }
  return {};
}

/// Of two values that differ, the innermost place where they do.
Difference difference_of(const std::string& place, const json::value* now, const json::value* then) {
  if (now != nullptr && then != nullptr) {
    if (now->is_object() && then->is_object()) {
      return difference_of_objects(place, now->get_object(), then->get_object());
    }
    if (now->is_array() && then->is_array()) {
      return difference_of_lists(place, now->get_array(), then->get_array());
    }
  }
  const auto shown = [](const json::value* value) {
    // Of a layer that only one of them has, the name is enough.
    if (value != nullptr && value->is_object() && value->get_object().contains("name")) {
      return text_of(value->get_object().if_contains("name"));
    }
    return text_of(value);
  };
  return {place, shown(now), shown(then)};
}

/// A setting that is a whole document: a network, a recipe, a list of labels.
std::optional<json::value> document_of(const std::string& text) {
  if (!text.starts_with('{') && !text.starts_with('[')) return std::nullopt;
  json::error_code error;
  json::value document = json::parse(text, error);
  return error ? std::nullopt : std::optional(std::move(document));
}

Difference difference_of_settings(const std::string& key, const std::string* now, const std::string* then) {
  if (now != nullptr && then != nullptr) {
    const auto here = document_of(*now);
    const auto there = document_of(*then);
    if (here && there) return difference_of(key, &*here, &*there);
  }
  const auto quoted = [](const std::string* value) {
    return value == nullptr ? "nothing" : '\'' + *value + '\'';
  };
  return {key, quoted(now), quoted(then)};
}

}  // namespace

std::map<std::string, std::string> run_settings(const TrainConfig& config, const DataSet& data,
                                                const FeatureSet& train, const FeatureSet& validation) {
  std::map<std::string, std::string> settings = settings_of(config);
  settings["data.labels"] = json::serialize(json::value_from(data.labels));
  settings["data.train"] = names_and_labels(data, train);
  settings["data.train.sounds"] = contents_of(train);
  settings["data.validation"] = names_and_labels(data, validation);
  settings["data.validation.sounds"] = contents_of(validation);
  if (const auto& background = config.samples.audio.background) {
    settings["data.background"] = bytes_below(background->folder);
  }
  return settings;
}

void refuse_other_settings(const std::map<std::string, std::string>& now, const TrainingState& state,
                           const TrainConfig& config, const std::filesystem::path& path) {
  std::set<std::string> keys;
  for (const auto& [key, value] : now) keys.insert(key);
  for (const auto& [key, value] : state.settings) keys.insert(key);
  if (config.optimization.plan.schedule == LearningRatePlan::Schedule::constant) keys.erase("train.epochs");
  const auto value_of = [](const auto& settings, const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? nullptr : &found->second;
  };
  for (const std::string& key : keys) {
    const std::string* here = value_of(now, key);
    const std::string* there = value_of(state.settings, key);
    if (here != nullptr && there != nullptr && *here == *there) continue;
    const Difference difference = difference_of_settings(key, here, there);
    const bool sounds = key.ends_with(".sounds") || key == "data.background";
    throw Error(ExitCode::config,
                fmt::format("{}: cannot go on: {}: found {}, expected {} as the run began{}", path.string(),
                            difference.place, difference.found, difference.expected,
                            sounds ? ": a sound was replaced since" : ""));
  }
}

}  // namespace earshot
