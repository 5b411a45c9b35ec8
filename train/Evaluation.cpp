#include "train/Evaluation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "nn/Classifier.h"
#include "train/JsonText.h"

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
  return figures;
}

}  // namespace

Evaluation evaluate(std::span<const float> scores, std::span<const int> truth,
                    const std::vector<std::string>& labels) {
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
  std::vector<double> precisions;  // of the classes that have a clip
  for (std::size_t label = 0; label < classes; ++label) {
    std::vector<float> column;
    std::vector<unsigned char> positive;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      column.push_back(scores[i * classes + label]);
      positive.push_back(static_cast<std::size_t>(truth[i]) == label ? 1 : 0);
    }
    ClassFigures& figures = evaluation.per_class[label];
    figures.average_precision = average_precision(column, positive);
    if (figures.support > 0) precisions.push_back(figures.average_precision);
  }
  evaluation.mean_average_precision = mean_and_error(precisions).mean;
  return evaluation;
}

std::vector<float> classify_all(const Model& model, const FeatureSet& features, int threads) {
  const std::size_t classes = model.labels.size();
  std::vector<float> scores(features.size() * classes);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      Classifier classifier(model, 1);
      for (std::size_t i = next++; i < features.size(); i = next++) {
        classifier.classify(features.image(i), std::span(scores).subspan(i * classes, classes));
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  return scores;
}

std::string evaluation_text(const Evaluation& evaluation) {
  const std::size_t classes = evaluation.labels.size();
  const Interval interval = wilson_interval(evaluation.correct, evaluation.clips);
  std::string text =
      fmt::format("accuracy {:.2f} % ({} of {}), 95 % interval {:.1f} to {:.1f} %, loss {:.4f}\n\n",
                  100.0 * evaluation.accuracy, evaluation.correct, evaluation.clips, 100.0 * interval.low,
                  100.0 * interval.high, evaluation.loss);
  text.pop_back();
  text += fmt::format(
      "among the three highest {:.2f} %, calibration error {:.4f}, mean average precision {:.4f}\n\n",
      100.0 * ratio(evaluation.top3_correct, evaluation.clips), evaluation.calibration_error,
      evaluation.mean_average_precision);
  std::size_t width = 5;
  for (const std::string& label : evaluation.labels) width = std::max(width, label.size());
  text += fmt::format("{:>3}  {:<{}}  precision  recall      f1      AP  clips\n", "", "class", width);
  for (std::size_t i = 0; i < classes; ++i) {
    const ClassFigures& figures = evaluation.per_class[i];
    text += fmt::format("{:>3}  {:<{}}  {:>9.3f}  {:>6.3f}  {:>6.3f}  {:>6.3f}  {:>5}\n", i,
                        evaluation.labels[i], width, figures.precision, figures.recall, figures.f1,
                        figures.average_precision, figures.support);
  }
  text += "\nconfusion: a row for what the clip is, a column for what it was taken for\n";
  text += fmt::format("{:>3}  {:<{}} ", "", "", width);
  for (std::size_t i = 0; i < classes; ++i) text += fmt::format(" {:>4}", i);
  for (std::size_t row = 0; row < classes; ++row) {
    text += fmt::format("\n{:>3}  {:<{}} ", row, evaluation.labels[row], width);
    for (std::size_t column = 0; column < classes; ++column) {
      const std::size_t count = evaluation.confusion[row * classes + column];
      text += fmt::format(" {:>4}", count == 0 ? "." : fmt::format("{}", count));
    }
  }
  return text + '\n';
}

std::string evaluation_json(const Evaluation& evaluation) {
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
  return json_text(boost::json::object{{"accuracy", evaluation.accuracy},
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
                                       {"per_class", std::move(per_class)}});
}

}  // namespace earshot
