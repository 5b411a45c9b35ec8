#include "train/measuring/Evaluation.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/base/JsonText.h"
#include "nn/inference/Classifier.h"
#include "train/data/Workers.h"

namespace earshot {
namespace {

ClassFigures class_figures(const Evaluation& evaluation, std::size_t label) {
  const std::size_t classes = evaluation.labels.size();
  std::size_t predicted = 0;
  std::size_t support = 0;
  for (std::size_t other = 0; other < classes; ++other) {
    predicted += evaluation.confusion[other * classes + label];
    support += evaluation.confusion[label * classes + other];
  }
  const std::size_t hits = evaluation.confusion[label * classes + label];
  ClassFigures figures;
  figures.precision = ratio(hits, predicted);
  figures.recall = ratio(hits, support);
  figures.f1 = ratio(2 * hits, predicted + support);
  figures.support = support;
  figures.predicted = predicted;
  figures.hits = hits;
  return figures;
}

template <typename Value>
std::vector<Value> column_of(std::span<const Value> rows, std::size_t column, std::size_t classes) {
  std::vector<Value> values;
  for (std::size_t at = column; at < rows.size(); at += classes) values.push_back(rows[at]);
  return values;
}

void set_average_precisions(Evaluation& evaluation, std::span<const float> scores,
                            std::span<const unsigned char> present) {
  const std::size_t classes = evaluation.labels.size();
  std::vector<double> precisions;  // of the classes that have a clip
  for (std::size_t label = 0; label < classes; ++label) {
    const std::vector<unsigned char> positive = column_of(present, label, classes);
    ClassFigures& figures = evaluation.per_class[label];
    figures.average_precision = average_precision(column_of(scores, label, classes), positive);
    figures.support = static_cast<std::size_t>(std::ranges::count(positive, 1));
    if (figures.support > 0) precisions.push_back(figures.average_precision);
  }
  evaluation.mean_average_precision = mean_and_error(precisions).mean;
}

void set_threshold_figures(ClassFigures& figures, std::span<const float> scores,
                           std::span<const unsigned char> positive) {
  std::size_t given = 0;
  std::size_t right = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    given += scores[i] >= 0.5F ? 1 : 0;
    right += scores[i] >= 0.5F && positive[i] ? 1 : 0;
  }
  figures.precision = ratio(right, given);
  figures.recall = ratio(right, figures.support);
  figures.f1 = ratio(2 * right, given + figures.support);
  figures.predicted = given;
  figures.hits = right;
}

// All, or of a great many those that there is something to say of.
std::vector<std::size_t> classes_to_show(const Evaluation& evaluation) {
  constexpr std::size_t kMany = 30;
  const std::size_t classes = evaluation.labels.size();
  std::vector<std::size_t> shown;
  for (std::size_t label = 0; label < classes; ++label) {
    bool taken = evaluation.per_class[label].support > 0;
    for (std::size_t row = 0; row < classes; ++row) taken |= evaluation.confusion[row * classes + label] > 0;
    if (classes <= kMany || taken) shown.push_back(label);
  }
  return shown;
}

std::string confusion_text(const Evaluation& evaluation, const std::vector<std::size_t>& shown,
                           std::size_t width) {
  constexpr std::size_t kMostColumns = 60;
  if (shown.size() > kMostColumns) return "\nconfusion: more classes than fit here; --json has them\n";
  std::string text = "\nconfusion: a row for what the clip is, a column for what it was taken for\n";
  text += fmt::format("{:>3}  {:<{}} ", "", "", width);
  for (const std::size_t i : shown) text += fmt::format(" {:>4}", i);
  for (const std::size_t row : shown) {
    text += fmt::format("\n{:>3}  {:<{}} ", row, evaluation.labels[row], width);
    for (const std::size_t column : shown) {
      const std::size_t count = evaluation.confusion[row * evaluation.labels.size() + column];
      text += fmt::format(" {:>4}", count == 0 ? "." : fmt::format("{}", count));
    }
  }
  return text + '\n';
}

// `present` n x classes: 1 where the clip has the label; `truth` is one of those.
Evaluation figures_of(std::span<const float> scores, std::span<const int> truth,
                      std::span<const unsigned char> present, const std::vector<std::string>& labels) {
  const std::size_t classes = labels.size();
  Evaluation evaluation;
  evaluation.clips = truth.size();
  evaluation.labels = labels;
  evaluation.confusion.assign(classes * classes, 0);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * classes, classes);
    const auto label = static_cast<std::size_t>(truth[i]);
    const std::size_t predicted = predicted_class(row);
    ++evaluation.confusion[label * classes + predicted];
    if (predicted == label) ++evaluation.correct;
  }
  evaluation.accuracy = ratio(evaluation.correct, evaluation.clips);
  evaluation.loss = negative_log_likelihood(scores, truth, classes);
  evaluation.top3_correct = top_k_correct(scores, truth, classes, 3);
  evaluation.reliability = reliability_bins(scores, truth, classes);
  evaluation.calibration_error = expected_calibration_error(evaluation.reliability);
  for (std::size_t label = 0; label < classes; ++label)
    evaluation.per_class.push_back(class_figures(evaluation, label));
  set_average_precisions(evaluation, scores, present);
  return evaluation;
}

}  // namespace

Evaluation evaluate(std::span<const float> scores, std::span<const int> truth,
                    const std::vector<std::string>& labels) {
  std::vector<unsigned char> present(scores.size(), 0);
  for (std::size_t i = 0; i < truth.size(); ++i)
    present[i * labels.size() + static_cast<std::size_t>(truth[i])] = 1;
  return figures_of(scores, truth, present, labels);
}

Evaluation evaluate(const ScoredClips& clips, Scores kind) {
  const std::size_t classes = clips.labels.size();
  std::vector<int> truth = clips.truth;  // of several labels the one that was predicted, if any was
  std::vector<int> likeliest = clips.truth;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::span<const float> row = std::span(clips.scores).subspan(i * classes, classes);
    const std::size_t predicted = predicted_class(row);
    if (clips.present[i * classes + predicted]) truth[i] = static_cast<int>(predicted);
    for (std::size_t label = 0; label < classes; ++label) {
      if (clips.present[i * classes + label] && row[label] > row[static_cast<std::size_t>(likeliest[i])]) {
        likeliest[i] = static_cast<int>(label);
      }
    }
  }
  Evaluation evaluation = figures_of(clips.scores, truth, clips.present, clips.labels);
  evaluation.top3_correct = top_k_correct(clips.scores, likeliest, classes, 3);
  evaluation.loss = negative_log_likelihood(clips.scores, clips.truth, classes);
  if (kind != Scores::sigmoid) return evaluation;
  evaluation.several = true;
  evaluation.loss = binary_cross_entropy(clips.scores, clips.present);
  evaluation.micro_f1 = micro_f1(clips.scores, clips.present);
  for (std::size_t label = 0; label < classes; ++label) {
    set_threshold_figures(evaluation.per_class[label], column_of<float>(clips.scores, label, classes),
                          column_of<unsigned char>(clips.present, label, classes));
  }
  return evaluation;
}

std::vector<float> classify_all(const Model& model, const FeatureSet& features, int threads) {
  const std::size_t classes = model.labels.size();
  std::vector<float> scores(features.size() * classes);
  work_on_items(features.size(), static_cast<unsigned>(threads), [&] {
    const auto classifier = std::make_shared<Classifier>(model, 1);
    return [&, classifier, room = std::vector<float>()](std::size_t i) mutable {
      const std::span<float> own = std::span(scores).subspan(i * classes, classes);
      if (!classifier->classify(features.image(i, room), own))
        throw Error(ExitCode::software, "classifier: oneDNN refused to compute");
    };
  });
  return scores;
}

std::string accuracy_text(const Evaluation& evaluation) {
  const Interval interval = wilson_interval(evaluation.correct, evaluation.clips);
  return fmt::format("accuracy {:.2f} % ({} of {}), 95 % interval {:.1f} to {:.1f} %, loss {:.4f}",
                     100.0 * evaluation.accuracy, evaluation.correct, evaluation.clips, 100.0 * interval.low,
                     100.0 * interval.high, evaluation.loss);
}

std::string evaluation_text(const Evaluation& evaluation) {
  const std::string precision =
      fmt::format("mean average precision {:.4f}", evaluation.mean_average_precision);
  std::string text;
  if (evaluation.several)
    text += fmt::format("{}, F1 {:.4f} of the scores from 0.5 on\n", precision, evaluation.micro_f1);
  text += accuracy_text(evaluation) + '\n';
  text += fmt::format("among the three highest {:.2f} %, calibration error {:.4f}",
                      100.0 * ratio(evaluation.top3_correct, evaluation.clips), evaluation.calibration_error);
  text += evaluation.several ? "\n" : ", " + precision + '\n';

  const std::vector<std::size_t> shown = classes_to_show(evaluation);
  std::size_t width = 5;
  for (const std::size_t i : shown) width = std::max(width, evaluation.labels[i].size());
  text += fmt::format("\n{:>3}  {:<{}}  precision  recall      f1      AP  clips\n", "", "class", width);
  for (const std::size_t i : shown) {
    const ClassFigures& figures = evaluation.per_class[i];
    text += fmt::format("{:>3}  {:<{}}  {:>9.3f}  {:>6.3f}  {:>6.3f}  {:>6.3f}  {:>5}\n", i,
                        evaluation.labels[i], width, figures.precision, figures.recall, figures.f1,
                        figures.average_precision, figures.support);
  }
  if (shown.size() < evaluation.labels.size()) {
    text += fmt::format("and {} classes without a clip that nothing was taken for\n",
                        evaluation.labels.size() - shown.size());
  }
  return text + confusion_text(evaluation, shown, width);
}

boost::json::object evaluation_object(const Evaluation& evaluation) {
  const std::size_t classes = evaluation.labels.size();
  const Interval interval = wilson_interval(evaluation.correct, evaluation.clips);
  boost::json::array confusion;
  boost::json::array per_class;
  for (std::size_t i = 0; i < classes; ++i) {
    const auto row = std::span(evaluation.confusion).subspan(i * classes, classes);
    confusion.emplace_back(boost::json::array(row.begin(), row.end()));
    const ClassFigures& figures = evaluation.per_class[i];
    per_class.emplace_back(boost::json::object{{"label", evaluation.labels[i]},
                                               {"precision", figures.precision},
                                               {"recall", figures.recall},
                                               {"f1", figures.f1},
                                               {"average_precision", figures.average_precision},
                                               {"support", figures.support}});
  }
  boost::json::object document{{"accuracy", evaluation.accuracy},
                               {"accuracy_low", interval.low},
                               {"accuracy_high", interval.high},
                               {"loss", evaluation.loss},
                               {"top3_accuracy", ratio(evaluation.top3_correct, evaluation.clips)},
                               {"ece", evaluation.calibration_error},
                               {"map", evaluation.mean_average_precision},
                               {"clips", evaluation.clips},
                               {"correct", evaluation.correct},
                               {"labels", boost::json::value_from(evaluation.labels)},
                               {"confusion", std::move(confusion)},
                               {"per_class", std::move(per_class)}};
  if (evaluation.several) document["micro_f1"] = evaluation.micro_f1;
  return document;
}

std::string evaluation_json(const Evaluation& evaluation) {
  return json_text(evaluation_object(evaluation));
}

}  // namespace earshot
