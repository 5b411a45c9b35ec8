#include "nn/model/LabelMeanings.h"

#include <algorithm>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kMostAncestors = 64;  // bounds what a hostile file can ask for

[[noreturn]] void refuse_meanings(const std::string& what) {
  throw Error(ExitCode::bad_data, "label meanings: " + what);
}

// Depth first: a label is done once all that it is a kind of is.
class AncestorSearch {
 public:
  AncestorSearch(const LabelMeanings& meanings, const std::vector<std::string>& labels)
      : labels_(labels), parents_(labels.size()), state_(labels.size()), found_(labels.size()) {
    for (const auto& [label, parent] : meanings.parents) {
      parents_.at(label).push_back(parent);
      if (parents_[label].size() > kMostAncestors) refuse_too_many(label);
    }
  }

  std::vector<std::vector<std::size_t>> run() {
    for (std::size_t label = 0; label < labels_.size(); ++label) visit(label, 0);
    return std::move(found_);
  }

 private:
  enum class State { unseen, open, done };

  void visit(std::size_t label, std::size_t depth) {
    if (state_[label] == State::done) return;
    if (state_[label] == State::open) refuse_meanings("'" + labels_[label] + "' is a kind of itself, in a circle");
    if (depth > kMostAncestors) refuse_too_many(label);
    state_[label] = State::open;
    std::vector<std::size_t>& found = found_[label];
    for (const std::size_t parent : parents_[label]) {
      visit(parent, depth + 1);
      found.push_back(parent);
      found.insert(found.end(), found_[parent].begin(), found_[parent].end());
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.size() > kMostAncestors) refuse_too_many(label);
    state_[label] = State::done;
  }

  [[noreturn]] void refuse_too_many(std::size_t label) const {
    refuse_meanings("'" + labels_[label] + "' is a kind of more than " + std::to_string(kMostAncestors) + " labels");
  }

  const std::vector<std::string>& labels_;
  std::vector<std::vector<std::size_t>> parents_;
  std::vector<State> state_;
  std::vector<std::vector<std::size_t>> found_;
};

}  // namespace

void LabelMeanings::add_measured(const std::vector<std::size_t>& labels) {
  measured.insert(measured.end(), labels.begin(), labels.end());
  std::ranges::sort(measured);
  measured.erase(std::unique(measured.begin(), measured.end()),
                 measured.end());  // clang 14 has no ranges::unique
}

void validate(const LabelMeanings& meanings, const std::vector<std::string>& labels) {
  const auto expect_label = [&](std::size_t index, const char* where) {
    if (index >= labels.size()) {
      refuse_meanings(std::string(where) + " name label " + std::to_string(index) + ", expected less than the model's " +
             std::to_string(labels.size()));
    }
  };
  if (!meanings.thresholds.empty() && meanings.thresholds.size() != labels.size()) {
    refuse_meanings("found " + std::to_string(meanings.thresholds.size()) + " thresholds, expected one for each of " +
           std::to_string(labels.size()) + " labels, or none");
  }
  for (std::size_t i = 0; i < meanings.thresholds.size(); ++i) {
    const float threshold = meanings.thresholds[i];
    if (!(threshold >= 0.0F && threshold <= 1.0F))
      refuse_meanings("the threshold of '" + labels[i] + "' is " + std::to_string(threshold) + ", expected 0 to 1");
  }
  for (const std::size_t label : meanings.measured) expect_label(label, "measured thresholds");
  for (const std::size_t label : meanings.ambience) expect_label(label, "ambience");
  for (const auto& [label, parent] : meanings.parents) {
    expect_label(label, "kinds");
    expect_label(parent, "kinds");
  }
  ancestors_of(meanings, labels);
}

std::vector<std::vector<std::size_t>> ancestors_of(const LabelMeanings& meanings,
                                                   const std::vector<std::string>& labels) {
  return AncestorSearch(meanings, labels).run();
}

}  // namespace earshot
