// Evaluation: how well scores agree with labels: accuracy, loss, confusion, precision and recall of each
// class.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "nn/model/Model.h"
#include "train/measuring/Metrics.h"
#include "train/measuring/ScoredClips.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// 0 wherever a ratio has nothing to divide by.
struct ClassFigures {
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
  double average_precision = 0.0;  ///< of the class against all others
  std::size_t support = 0;         ///< clips of the class
  std::size_t predicted = 0;       ///< clips taken for it, rightly or not
  std::size_t hits = 0;            ///< rightly
};

struct Evaluation {
  bool several =
      false;  ///< a sigmoid model's: classes are not exclusive, `mean_average_precision` is the main figure
  std::size_t clips = 0;
  std::size_t correct = 0;
  double accuracy = 0.0;
  double loss = 0.0;                        ///< mean of -log of the score of the clip's own label
  std::size_t top3_correct = 0;             ///< whose label is among the three highest
  std::vector<ReliabilityBin> reliability;  ///< 15
  double calibration_error = 0.0;           ///< over `reliability`
  double mean_average_precision = 0.0;      ///< over the classes that have a clip
  double micro_f1 = 0.0;                    ///< `several`: of all scores from 0.5 on
  std::vector<std::string> labels;
  std::vector<std::size_t> confusion;  ///< classes x classes: row the clip's label, column the predicted one
  std::vector<ClassFigures> per_class;
};

/// `scores` n x classes, `truth` n, each below `labels.size()`.
Evaluation evaluate(std::span<const float> scores, std::span<const int> truth,
                    const std::vector<std::string>& labels);

/// The same of clips that may have several labels each: one is right if its highest score is of any of them,
/// and then its row in `confusion`. With Scores::sigmoid precision, recall and F1 are of the scores from 0.5
/// on.
Evaluation evaluate(const ScoredClips& clips, Scores kind);

/// Scores of every clip, n x labels, by one Classifier on each of `threads` threads.
std::vector<float> classify_all(const Model& model, const FeatureSet& features, int threads);

/// One line: accuracy, of how many, its interval, loss.
std::string accuracy_text(const Evaluation& evaluation);
/// For people: the figures, a table of the classes, the confusion matrix.
std::string evaluation_text(const Evaluation& evaluation);
/// {accuracy, accuracy_low, accuracy_high, loss, top3_accuracy, ece, map, clips, correct, labels, confusion,
/// per_class
/// [{label, precision, recall, f1, average_precision, support}]}, and `micro_f1` of several labels at once
boost::json::object evaluation_object(const Evaluation& evaluation);
std::string evaluation_json(const Evaluation& evaluation);

}  // namespace earshot
