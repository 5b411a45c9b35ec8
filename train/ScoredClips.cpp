#include "train/ScoredClips.h"

#include <algorithm>
#include <span>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/Error.h"
#include "train/Evaluation.h"

namespace earshot {
namespace {

// The data set's numbers for its labels -> the model's numbers for the same ones.
std::vector<int> labels_in_model(const FeatureSet& features, const DataSet& data, const Model& model) {
  std::vector<int> labels;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::string& label = data.labels[static_cast<std::size_t>(features.labels[i])];
    const auto known = std::ranges::find(model.labels, label);
    if (known == model.labels.end()) {
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: found the label '{}', expected one the model knows: {}",
                      data.clips[features.clips[i]].path.string(), label, fmt::join(model.labels, ", ")));
    }
    labels.push_back(static_cast<int>(known - model.labels.begin()));
  }
  return labels;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace

void ScoredClips::append(const ScoredClips& other) {
  if (labels.empty()) labels = other.labels;
  files.insert(files.end(), other.files.begin(), other.files.end());
  truth.insert(truth.end(), other.truth.begin(), other.truth.end());
  folds.insert(folds.end(), other.folds.begin(), other.folds.end());
  scores.insert(scores.end(), other.scores.begin(), other.scores.end());
}

ScoredClips score_clips(const Model& model, const DataSet& data, const FeatureSet& features, int threads) {
  ScoredClips clips;
  clips.labels = model.labels;
  clips.truth = labels_in_model(features, data, model);
  for (const std::size_t clip : features.clips)
    clips.files.push_back(data.clips[clip].path.filename().string());
  clips.scores = classify_all(model, features, threads);
  return clips;
}

std::string scores_csv(const ScoredClips& clips) {
  std::string text = "file,label,predicted";
  for (const std::string& label : clips.labels) text += ',' + csv_field(label);
  text += clips.folds.empty() ? "\n" : ",fold\n";
  const std::size_t classes = clips.labels.size();
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto row = std::span(clips.scores).subspan(i * classes, classes);
    text += csv_field(clips.files[i]) + ',' +
            csv_field(clips.labels[static_cast<std::size_t>(clips.truth[i])]) + ',' +
            csv_field(clips.labels[predicted_class(row)]);
    for (const float score : row) text += fmt::format(",{}", score);
    text += clips.folds.empty() ? "\n" : fmt::format(",{}\n", clips.folds[i]);
  }
  return text;
}

}  // namespace earshot
