#include "train/teaching/TaughtLabels.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kMostHints = 4;

std::optional<std::size_t> index_of(const std::vector<std::string>& labels, const std::string& label) {
  const auto found = std::ranges::find(labels, label);
  if (found == labels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - labels.begin());
}

/// Words of letters and digits, in lower case.
std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    const bool is_part = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_part && !inside) words.emplace_back();
    if (is_part) words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    inside = is_part;
  }
  return words;
}

/// Labels that share a word with the class or are spelt much like it.
std::vector<std::string> near_labels(const std::vector<std::string>& labels, const std::string& name) {
  const std::vector<std::string> words = words_in(name);
  std::vector<std::string> near;
  for (const std::string& label : labels) {
    const std::vector<std::string> own = words_in(label);
    const bool shares = std::ranges::any_of(own, [&](const std::string& word) {
      return word.size() > 2 && std::ranges::find(words, word) != words.end();
    });
    if (shares || (looks_like(label, name) && label != name)) near.push_back(label);
  }
  if (near.size() > kMostHints) near.resize(kMostHints);
  return near;
}

std::string nearest_text(const std::vector<std::string>& labels, const std::string& name) {
  std::vector<std::string> near = near_labels(labels, name);
  if (near.empty()) {
    if (const std::string* nearest = nearest_name(labels, name)) near.push_back(*nearest);
  }
  return near.empty() ? "one of its labels (earshot labels --search WORD finds them)"
                      : fmt::format("perhaps '{}'", fmt::join(near, "' or '"));
}

}  // namespace

Stand TaughtLabels::stand(std::span<const std::size_t> held, std::size_t row) const {
  const auto is_kind = [&](std::size_t label, std::size_t of) {
    return std::ranges::binary_search(kinds_of[label], of);
  };
  if (std::ranges::any_of(held, [&](std::size_t label) { return label == row || is_kind(label, row); }))
    return Stand::positive;
  return std::ranges::any_of(held, [&](std::size_t label) { return is_kind(row, label); }) ? Stand::aside
                                                                                             : Stand::negative;
}

bool TaughtLabels::owns(std::span<const std::size_t> held, std::size_t i) const {
  return std::ranges::find(held, rows[i]) != held.end();
}

std::optional<std::vector<std::size_t>> TaughtLabels::indices_of(const std::vector<std::string>& names) const {
  std::vector<std::size_t> indices;
  for (const std::string& name : names) {
    const auto index = index_of(labels, name);
    if (!index) return std::nullopt;
    indices.push_back(*index);
  }
  return indices;
}

std::vector<std::size_t> TaughtLabels::held_by(const LabelledClip& clip) const {
  std::vector<std::size_t> held;
  for (const int label : clip.labels()) held.push_back(of_class[static_cast<std::size_t>(label)]);
  return held;
}

TaughtLabels taught_labels(const Model& base, const std::vector<std::string>& classes,
                           const std::map<std::string, MappedLabel>& named,
                           const std::vector<std::string>& rejected) {
  for (const auto& [name, mapped] : named) {
    if (std::ranges::find(classes, name) == classes.end()) {
      const std::string* nearest = nearest_name(classes, name);
      throw Error(
          ExitCode::config,
          fmt::format("{}: found no class of that name in the data, expected {}", mapped.place,
                      nearest ? "perhaps '" + *nearest + "'" : fmt::format("{}", fmt::join(classes, ", "))));
    }
    if (!index_of(base.labels, mapped.label)) {
      throw Error(ExitCode::config,
                  fmt::format("{}: found \"{}\", which is no label of the base, expected {}", mapped.place,
                              printable(mapped.label), nearest_text(base.labels, mapped.label)));
    }
  }
  TaughtLabels taught;
  taught.labels = base.labels;
  taught.base_labels = base.labels.size();
  std::set<std::size_t> rows;
  for (const std::string& name : classes) {
    const auto mapped = named.find(name);
    const std::string& label = mapped == named.end() ? name : mapped->second.label;
    std::optional<std::size_t> index = index_of(taught.labels, label);
    if (!index) {
      const std::vector<std::string> near = near_labels(base.labels, name);
      if (!near.empty()) {
        taught.hints.push_back(fmt::format("'{}' becomes a new label; to sharpen one of the base's instead, map it in "
                                           "[labels]: \"{}\" = \"{}\"{}",
                                           name, name, near.front(),
                                           near.size() == 1 ? ""
                                                            : fmt::format(" (or '{}')", fmt::join(near.begin() + 1,
                                                                                                  near.end(), "', '"))));
      }
      index = taught.labels.size();
      taught.labels.push_back(label);
    }
    taught.of_class.push_back(*index);
    rows.insert(*index);
  }
  for (const std::string& label : rejected) {
    const auto as_class = std::ranges::find(classes, label);
    const std::optional<std::size_t> index =
        as_class == classes.end() ? index_of(taught.labels, label)
                                  : taught.of_class[static_cast<std::size_t>(as_class - classes.begin())];
    if (!index) {
      throw Error(ExitCode::bad_data,
                  fmt::format("_not_/{}: found neither a class nor a label of the base of that name, expected {}",
                              printable(label), nearest_text(taught.labels, label)));
    }
    taught.rejected[label] = *index;
    rows.insert(*index);
  }
  taught.rows.assign(rows.begin(), rows.end());
  taught.kinds_of = ancestors_of(base.meanings, taught.labels);
  return taught;
}

}  // namespace earshot
