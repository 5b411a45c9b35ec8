#include "train/measuring/ScoredClips.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/Utf8.h"
#include "train/measuring/Evaluation.h"
#include "train/measuring/Metrics.h"

namespace earshot {
namespace {

constexpr std::size_t kFirstScore = 3;  // behind file, label, predicted
constexpr float kNothing = 1e-30F;      // scores that add up to less are of a clip that nobody heard

// The position of `label` in `labels`, or -1.
int number_of(const std::string& label, const std::vector<std::string>& labels) {
  const auto found = std::ranges::find(labels, label);
  return found == labels.end() ? -1 : static_cast<int>(found - labels.begin());
}

// "one the model knows: a, b"; of many just the nearest.
std::string known_text(const std::vector<std::string>& labels, const std::string& found) {
  constexpr std::size_t kMany = 30;
  if (labels.size() <= kMany) return fmt::format("one the model knows: {}", fmt::join(labels, ", "));
  const std::string* nearest = nearest_name(labels, found);
  return fmt::format("one of the {} that the model knows{}; [labels] of a --config maps others to them",
                     labels.size(), nearest ? ", perhaps '" + *nearest + "'" : "");
}

std::string label_field(const ScoredClips& clips, std::size_t clip) {
  std::string field = clips.labels[static_cast<std::size_t>(clips.truth[clip])];
  for (std::size_t label = 0; label < clips.labels.size(); ++label) {
    if (static_cast<int>(label) != clips.truth[clip] && clips.present[clip * clips.labels.size() + label]) {
      field += ';' + clips.labels[label];
    }
  }
  return csv_field(field);
}

// A scores file being read: errors name file, line, column.
class ScoresReader {
 public:
  ScoresReader(const std::filesystem::path& path, const std::vector<std::string>& labels)
      : csv_(read_csv(path)) {
    clips_.labels = labels;
    file_ = csv_.column("file");
    label_ = csv_.column("label");
    for (const std::string& label : labels) {
      const auto found =
          std::find(csv_.columns.begin() + std::min<std::ptrdiff_t>(kFirstScore, std::ssize(csv_.columns)),
                    csv_.columns.end(), label);
      if (found == csv_.columns.end()) {
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: found no column '{}', expected one for each label of the model: {}",
                                path.string(), label, fmt::join(labels, ", ")));
      }
      columns_.push_back(static_cast<std::size_t>(found - csv_.columns.begin()));
    }
    has_folds_ = csv_.columns.back() == "fold" && csv_.columns.size() == kFirstScore + labels.size() + 1;
    if (csv_.columns.size() != kFirstScore + labels.size() + (has_folds_ ? 1 : 0)) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: found {} columns, expected file, label, predicted and one for each of the "
                              "model's {} labels",
                              path.string(), csv_.columns.size(), labels.size()));
    }
  }

  ScoredClips read() {
    for (const Csv::Row& row : csv_.rows) {
      clips_.files.push_back(row.fields[file_]);
      read_labels(row);
      for (const std::size_t column : columns_) clips_.scores.push_back(score(row, column));
      if (has_folds_) clips_.folds.push_back(static_cast<int>(number(row, csv_.columns.size() - 1, 1000.0)));
    }
    if (clips_.size() == 0) {
      throw Error(ExitCode::bad_data, csv_.path.string() + ": found no clip, expected a line for each");
    }
    return std::move(clips_);
  }

 private:
  // The whole field is a label, or else a list of them.
  void read_labels(const Csv::Row& row) {
    const std::string& field = row.fields[label_];
    std::vector<int> numbers{number_of(field, clips_.labels)};
    if (numbers.front() < 0) {
      numbers.clear();
      for (std::size_t start = 0; start <= field.size();) {
        const std::size_t end = std::min(field.find(';', start), field.size());
        numbers.push_back(number_of(field.substr(start, end - start), clips_.labels));
        if (numbers.back() < 0) refuse(row, label_, "labels the model knows");
        start = end + 1;
      }
    }
    clips_.truth.push_back(numbers.front());
    clips_.present.resize(clips_.truth.size() * clips_.labels.size(), 0);
    for (const int label : numbers) {
      clips_.present[(clips_.size() - 1) * clips_.labels.size() + static_cast<std::size_t>(label)] = 1;
    }
  }

  float score(const Csv::Row& row, std::size_t column) const {
    return static_cast<float>(number(row, column, 1.0));
  }

  double number(const Csv::Row& row, std::size_t column, double most) const {
    const std::string& field = row.fields[column];
    double value = 0.0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size() || !(value >= 0.0 && value <= most)) {
      refuse(row, column, fmt::format("a number from 0 to {}", most));
    }
    return value;
  }

  [[noreturn]] void refuse(const Csv::Row& row, std::size_t column, const std::string& expected) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}:{}: {}: found {}, expected {}", csv_.path.string(), row.line,
                            csv_.columns[column], shown_field(row.fields[column]), expected));
  }

  Csv csv_;
  ScoredClips clips_;
  std::size_t file_ = 0;
  std::size_t label_ = 0;
  std::vector<std::size_t> columns_;  // of each of the model's labels
  bool has_folds_ = false;
};

}  // namespace

void ScoredClips::append(const ScoredClips& other) {
  if (labels.empty()) labels = other.labels;
  files.insert(files.end(), other.files.begin(), other.files.end());
  truth.insert(truth.end(), other.truth.begin(), other.truth.end());
  present.insert(present.end(), other.present.begin(), other.present.end());
  folds.insert(folds.end(), other.folds.begin(), other.folds.end());
  scores.insert(scores.end(), other.scores.begin(), other.scores.end());
}

std::vector<std::size_t> known_clips(const DataSet& data, std::span<const std::size_t> which,
                                     const std::vector<std::string>& labels, bool skip) {
  std::vector<std::size_t> known;
  for (const std::size_t clip : which) {
    const std::vector<int> own = data.clips[clip].labels();
    const auto unknown = std::ranges::find_if(
        own, [&](int label) { return number_of(data.labels[static_cast<std::size_t>(label)], labels) < 0; });
    if (unknown == own.end()) {
      known.push_back(clip);
    } else if (!skip) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: found the label '{}', expected {}", data.clips[clip].path.string(),
                              data.labels[static_cast<std::size_t>(*unknown)],
                              known_text(labels, data.labels[static_cast<std::size_t>(*unknown)])));
    }
  }
  return known;
}

ScoredClips ScoredClips::among(const std::vector<std::string>& few, bool exclusive) const {
  ScoredClips clips;
  clips.files = files;
  clips.folds = folds;
  std::vector<std::size_t> columns;
  std::vector<int> place(labels.size(), -1);
  for (std::size_t label = 0; label < labels.size(); ++label) {
    if (std::ranges::find(few, labels[label]) == few.end()) continue;
    place[label] = static_cast<int>(columns.size());
    columns.push_back(label);
    clips.labels.push_back(labels[label]);
  }
  if (columns.size() == labels.size()) return *this;  // to the bit: a softmax's sum is not always 1
  for (std::size_t i = 0; i < size(); ++i) {
    clips.truth.push_back(place[static_cast<std::size_t>(truth[i])]);
    float sum = 0.0F;
    for (const std::size_t column : columns) sum += scores[i * labels.size() + column];
    for (const std::size_t column : columns) {
      const float score = scores[i * labels.size() + column];
      clips.present.push_back(present[i * labels.size() + column]);
      clips.scores.push_back(exclusive && sum > kNothing ? score / sum : score);
    }
  }
  return clips;
}

ScoredClips unscored_clips(const Model& model, const DataSet& data, std::span<const std::size_t> which) {
  known_clips(data, which, model.labels, false);
  ScoredClips clips;
  clips.labels = model.labels;
  clips.present.assign(which.size() * model.labels.size(), 0);
  for (std::size_t i = 0; i < which.size(); ++i) {
    const LabelledClip& clip = data.clips[which[i]];
    clips.files.push_back(data.name_of(clip));
    const std::vector<int> own = clip.labels();
    for (auto label = own.rbegin(); label != own.rend(); ++label) {
      const int number = number_of(data.labels[static_cast<std::size_t>(*label)], model.labels);
      clips.present[i * model.labels.size() + static_cast<std::size_t>(number)] = 1;
      if (label + 1 == own.rend()) clips.truth.push_back(number);
    }
  }
  return clips;
}

ScoredClips score_features(const Model& model, const DataSet& data, const FeatureSet& features, int threads) {
  ScoredClips scored = unscored_clips(model, data, features.clips);
  scored.scores = classify_all(model, features, threads);
  return scored;
}

ScoredClips by_clips(ScoredClips scored, const Model& model, const DataSet& data,
                     std::span<const std::size_t> clip_of, std::span<const std::size_t> quiet) {
  constexpr float kNextToNothing = std::numeric_limits<float>::min();
  std::vector<std::size_t> told;
  for (const std::size_t clip : clip_of) {
    if (told.empty() || told.back() != clip) told.push_back(clip);
  }
  if (told.size() == clip_of.size() && quiet.empty()) return scored;
  const std::size_t labels = scored.labels.size();
  ScoredClips clips = unscored_clips(model, data, told);
  for (std::size_t first = 0, last = 0; first < clip_of.size(); first = last) {
    while (last < clip_of.size() && clip_of[last] == clip_of[first]) ++last;
    for (std::size_t label = 0; label < labels; ++label) {
      double sum = 0.0;
      for (std::size_t i = first; i < last; ++i)
        sum += bounded_log(static_cast<double>(scored.scores[i * labels + label]));
      clips.scores.push_back(static_cast<float>(std::exp(sum / static_cast<double>(last - first))));
    }
    if (model.architecture.scores == Scores::sigmoid) continue;
    const std::span<float> own = std::span(clips.scores).last(labels);
    const float sum = std::accumulate(own.begin(), own.end(), 0.0F);
    for (float& score : own) score /= std::max(sum, kNothing);
  }
  ScoredClips unheard = unscored_clips(model, data, quiet);
  for (const unsigned char is_own : unheard.present) unheard.scores.push_back(is_own ? 0.0F : kNextToNothing);
  clips.append(unheard);
  return clips;
}

std::string scores_csv(const ScoredClips& clips) {
  std::string text = "file,label,predicted";
  for (const std::string& label : clips.labels) text += ',' + csv_field(label);
  text += clips.folds.empty() ? "\n" : ",fold\n";
  const std::size_t classes = clips.labels.size();
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto row = std::span(clips.scores).subspan(i * classes, classes);
    text += csv_field(printable(clips.files[i])) + ',' + label_field(clips, i) + ',' +
            csv_field(clips.labels[predicted_class(row)]);
    for (const float score : row) text += fmt::format(",{}", score);
    text += clips.folds.empty() ? "\n" : fmt::format(",{}\n", clips.folds[i]);
  }
  return text;
}

ScoredClips read_scores_csv(const std::filesystem::path& path, const std::vector<std::string>& labels) {
  return ScoresReader(path, labels).read();
}

}  // namespace earshot
