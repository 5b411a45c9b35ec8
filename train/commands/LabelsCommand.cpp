#include "train/commands/LabelsCommand.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/Utf8.h"
#include "nn/model/LayerFields.h"
#include "nn/model/Model.h"

namespace earshot {
namespace {

using Labels = std::vector<std::string>;

constexpr const char* kLabelsChangedKey = "labels changed";

/// By the labels' index.
struct LabelChanges {
  std::vector<bool> removed;
  std::vector<std::optional<std::string>> new_name;
};

std::optional<std::size_t> find_label(const Labels& labels, std::string_view name) {
  const auto found = std::ranges::find(labels, name);
  if (found == labels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - labels.begin());
}

[[noreturn]] void refuse_label(const char* option, std::string_view name, const Labels& labels) {
  const std::string* nearest = nearest_name(labels, name);
  throw Error(ExitCode::usage,
              fmt::format("{}: found '{}', expected {}", option, name,
                          nearest ? "'" + *nearest + "' or another label of the model"
                                  : "a label of the model (earshot labels MODEL shows them)"));
}

std::pair<std::size_t, std::string> parse_rename(const std::string& text, const Labels& labels) {
  std::optional<std::pair<std::size_t, std::string>> found;
  for (std::size_t at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) {
    const auto label = find_label(labels, std::string_view(text).substr(0, at));
    if (!label) continue;
    if (found) {
      throw Error(ExitCode::usage,
                  fmt::format("--rename: found '{}', expected one way to read it: both '{}' and '{}' "
                              "are labels of the model",
                              text, labels[found->first], labels[*label]));
    }
    found.emplace(*label, text.substr(at + 1));
  }
  if (found) return *found;
  const std::size_t first = text.find('=');
  if (first == std::string::npos) {
    throw Error(ExitCode::usage,
                fmt::format("--rename: found '{}', expected X=Y, a label and its new name", text));
  }
  refuse_label("--rename", std::string_view(text).substr(0, first), labels);
}

LabelChanges read_changes(const LabelsOptions& options, const Labels& labels) {
  LabelChanges changes{std::vector<bool>(labels.size()),
                       std::vector<std::optional<std::string>>(labels.size())};
  for (const std::string& name : options.remove.values) {
    const auto label = find_label(labels, name);
    if (!label) refuse_label("--remove", name, labels);
    changes.removed[*label] = true;
  }
  for (const std::string& text : options.rename.values) {
    auto [label, name] = parse_rename(text, labels);
    if (changes.removed[label]) {
      throw Error(ExitCode::usage,
                  fmt::format("--rename: found '{}', expected a label that stays: --remove names it, too",
                              labels[label]));
    }
    if (changes.new_name[label]) {
      throw Error(ExitCode::usage,
                  fmt::format("--rename: found two new names of '{}', expected one", labels[label]));
    }
    if (const std::string problem = name_problem(name); !problem.empty()) {
      throw Error(ExitCode::usage,
                  fmt::format("--rename: the new name '{}' of '{}' {}", name, labels[label], problem));
    }
    changes.new_name[label] = std::move(name);
  }
  return changes;
}

std::vector<std::size_t> kept_labels(const LabelChanges& changes) {
  std::vector<std::size_t> kept;
  for (std::size_t label = 0; label < changes.removed.size(); ++label) {
    if (!changes.removed[label]) kept.push_back(label);
  }
  if (kept.empty()) {
    throw Error(ExitCode::usage, fmt::format("--remove: found all {} labels of the model, expected fewer",
                                             changes.removed.size()));
  }
  return kept;
}

Labels new_labels(const Labels& labels, const LabelChanges& changes, const std::vector<std::size_t>& kept) {
  Labels names;
  for (const std::size_t label : kept) names.push_back(changes.new_name[label].value_or(labels[label]));
  for (const std::size_t label : kept) {
    if (!changes.new_name[label] || std::ranges::count(names, *changes.new_name[label]) == 1) continue;
    throw Error(ExitCode::usage,
                fmt::format("--rename: found '{}' as the new name of '{}', expected one that no label has",
                            *changes.new_name[label], labels[label]));
  }
  for (const std::size_t label : kept) {
    if (changes.new_name[label] == labels[label]) {
      throw Error(
          ExitCode::usage,
          fmt::format("--rename: found '{0}' as the new name of '{0}', expected another", labels[label]));
    }
  }
  return names;
}

// The columns are the last dimension.
void keep_columns(Tensor& tensor, const std::vector<std::size_t>& kept) {
  const auto columns = static_cast<std::size_t>(tensor.shape.back());
  std::vector<float> values;
  values.reserve(tensor.values.size() / columns * kept.size());
  for (std::size_t row = 0; row < tensor.values.size(); row += columns) {
    for (const std::size_t column : kept) values.push_back(tensor.values[row + column]);
  }
  tensor.values = std::move(values);
  tensor.shape.back() = static_cast<std::int64_t>(kept.size());
}

void keep_outputs(Model& model, const std::vector<std::size_t>& kept, const std::string& file) {
  if (model.architecture.scores == Scores::softmax) {
    throw Error(ExitCode::bad_data,
                file +
                    ": --remove: its scores are a softmax over all labels, expected a sigmoid a "
                    "label: without one label the scores of the others would change");
  }
  Layer& head = model.architecture.layers.back();
  auto* dense = std::get_if<Dense>(&head.kind);
  if (dense == nullptr) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: --remove: its last layer '{}' is {}, expected Dense, one column a label",
                            file, head.name, traits_of(head.kind).title));
  }
  dense->units = static_cast<int>(kept.size());
  keep_columns(model.weights.at(head.name + "/kernel"), kept);
  keep_columns(model.weights.at(head.name + "/bias"), kept);
}

/// What is said of labels that stay, by their new index.
class KeptMeanings {
 public:
  KeptMeanings(const LabelMeanings& meanings, const LabelChanges& changes,
               const std::vector<std::size_t>& kept)
      : meanings_(meanings), removed_(changes.removed), kept_(kept) {}

  LabelMeanings made() const {
    LabelMeanings made;
    if (!meanings_.thresholds.empty()) {
      for (const std::size_t label : kept_) made.thresholds.push_back(meanings_.thresholds[label]);
    }
    made.measured = kept_of(meanings_.measured);
    made.ambience = kept_of(meanings_.ambience);
    for (const auto& [label, parent] : meanings_.parents) {
      if (!removed_[label]) add_parent(made, label, parent);
    }
    return made;
  }

 private:
  std::size_t new_index(std::size_t label) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(kept_, label) - kept_.begin());
  }

  std::vector<std::size_t> kept_of(const std::vector<std::size_t>& labels) const {
    std::vector<std::size_t> found;
    for (const std::size_t label : labels) {
      if (!removed_[label]) found.push_back(new_index(label));
    }
    return found;
  }

  // In the place of a parent that goes, its own.
  void add_parent(LabelMeanings& made, std::size_t label, std::size_t parent) const {
    if (removed_[parent]) {
      for (const auto& [child, above] : meanings_.parents) {
        if (child == parent) add_parent(made, label, above);
      }
      return;
    }
    const std::pair pair(new_index(label), new_index(parent));
    if (std::ranges::find(made.parents, pair) == made.parents.end()) made.parents.push_back(pair);
  }

  const LabelMeanings& meanings_;
  const std::vector<bool>& removed_;
  const std::vector<std::size_t>& kept_;
};

/// What was done, for people: the old names.
struct ChangesText {
  std::string removed;  ///< "'Bark', 'Yip'"; empty: none
  std::string renamed;  ///< "'Dog' to 'Hound'"

  ChangesText(const Labels& labels, const LabelChanges& changes) {
    const auto add = [](std::string& text, const std::string& more) {
      text += (text.empty() ? "" : ", ") + more;
    };
    for (std::size_t label = 0; label < labels.size(); ++label) {
      if (changes.removed[label]) add(removed, "'" + labels[label] + "'");
      if (changes.new_name[label])
        add(renamed, fmt::format("'{}' to '{}'", labels[label], *changes.new_name[label]));
    }
  }

  std::string provenance() const {
    std::string text;
    if (!removed.empty()) text = "removed " + removed;
    if (!renamed.empty()) text += (text.empty() ? "" : "; ") + std::string("renamed ") + renamed;
    return text;
  }
};

}  // namespace

void run_labels(const LabelsOptions& options) {
  if (options.remove.values.empty() && options.rename.values.empty()) {
    throw Error(ExitCode::usage, "found neither --remove nor --rename, expected one of them at least");
  }
  Model model = load_model(options.model);
  const LabelChanges changes = read_changes(options, model.labels);
  const std::vector<std::size_t> kept = kept_labels(changes);
  Labels labels = new_labels(model.labels, changes, kept);
  const ChangesText text(model.labels, changes);
  if (kept.size() < model.labels.size()) {
    keep_outputs(model, kept, options.model.string());
    model.meanings = KeptMeanings(model.meanings, changes, kept).made();
  }
  model.labels = std::move(labels);
  std::string& told = model.provenance[kLabelsChangedKey];  // by an earlier change, too
  told += (told.empty() ? "" : "; ") + text.provenance();
  save_model(model, options.out);

  std::cout << fmt::format("labels       {} of {}\n", kept.size(), changes.removed.size());
  if (!text.removed.empty()) std::cout << "removed      " << text.removed << '\n';
  if (!text.renamed.empty()) std::cout << "renamed      " << text.renamed << '\n';
  std::cout << "wrote        " << printable(options.out.string()) << '\n';
}

void add_labels(CommandLine& line) {
  const auto options = std::make_shared<LabelsOptions>();
  Command command = line.add(
      "labels", "Take labels out of a model, or call them otherwise; the others' scores stay", [options] {
        run_labels(*options);
        return 0;
      });
  command.option("model", &options->model, "The model file").required();
  command.option("--remove", &options->remove, "A label to take out; may be given several times");
  command.option("--rename", &options->rename, "X=Y: the label X is called Y; may be given several times");
  command.option("--out", &options->out, "The model file to write").required();
}

}  // namespace earshot
