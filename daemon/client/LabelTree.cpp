#include "daemon/client/LabelTree.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/DisplayWidth.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool is_listed(const std::vector<std::size_t>& labels, std::size_t label) {
  return std::ranges::find(labels, label) != labels.end();
}

class Tree {
 public:
  explicit Tree(const Model& model)
      : model_(model), kinds_(model.labels.size()), parents_(model.labels.size()), listed_(model.labels.size()) {
    for (const auto& [label, parent] : model.meanings.parents) {
      kinds_[parent].push_back(label);
      parents_[label].push_back(parent);
    }
  }

  std::string all() {
    for (std::size_t label = 0; label < parents_.size(); ++label) {
      if (parents_[label].empty()) add(label, 0);
    }
    return aligned();
  }

  std::string with(std::string_view word) {
    for (std::size_t label = 0; label < parents_.size(); ++label) {
      if (lower_case(model_.labels[label]).find(lower_case(word)) == std::string::npos) continue;
      std::vector<std::string> above;
      for (const std::size_t parent : parents_[label]) above.push_back(printable(model_.labels[parent]));
      rows_.push_back({printable(model_.labels[label]),
                       facts(label) + (above.empty() ? "" : fmt::format("  a kind of: {}", fmt::join(above, "; ")))});
    }
    return aligned();
  }

 private:
  struct Row {
    std::string name;
    std::string facts;
  };

  // Valid meanings have no circle, and at most 64 labels above one. Kinds are listed once: else their number could double
  // with each label above.
  void add(std::size_t label, std::size_t depth) {
    const bool again = listed_[label] && !kinds_[label].empty();
    rows_.push_back({std::string(2 * depth, ' ') + printable(model_.labels[label]) + (again ? " ..." : ""), facts(label)});
    if (again) return;
    listed_[label] = true;
    for (const std::size_t kind : kinds_[label]) add(kind, depth + 1);
  }

  std::string facts(std::size_t label) const {
    const LabelMeanings& meanings = model_.meanings;
    if (meanings.thresholds.empty()) return "";
    return fmt::format("{:.2f} {}{}", meanings.thresholds[label],
                       is_listed(meanings.measured, label) ? "measured" : "guessed",
                       is_listed(meanings.ambience, label) ? ", ambience" : "");
  }

  std::string aligned() const {
    std::size_t width = 0;
    for (const Row& row : rows_) width = std::max(width, display_width(row.name));
    std::string text;
    for (const Row& row : rows_) {
      text += row.name;
      if (!row.facts.empty()) text += std::string(width - display_width(row.name) + 2, ' ') + row.facts;
      text += '\n';
    }
    return text;
  }

  const Model& model_;
  std::vector<std::vector<std::size_t>> kinds_;
  std::vector<std::vector<std::size_t>> parents_;
  std::vector<bool> listed_;  // its kinds are listed
  std::vector<Row> rows_;
};

}  // namespace

std::string label_tree(const Model& model) {
  return Tree(model).all();
}

std::string labels_with(const Model& model, std::string_view word) {
  return Tree(model).with(word);
}

}  // namespace earshot
