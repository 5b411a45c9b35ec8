// Evaluation: how well scores agree with labels: accuracy, loss, confusion, precision and recall of each
// class.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nn/Model.h"
#include "train/FeatureSet.h"
#include "train/Metrics.h"

namespace earshot {

/// 0 wherever a ratio has nothing to divide by.
struct ClassFigures {
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
  double average_precision = 0.0;  ///< of the class against all others
  std::size_t support = 0;         ///< clips of the class
};

struct Evaluation {
  std::size_t clips = 0;
  std::size_t correct = 0;
  double accuracy = 0.0;
  double loss = 0.0;                        ///< mean of -log of the score of the clip's own label
  std::size_t top3_correct = 0;             ///< whose label is among the three highest
  std::vector<ReliabilityBin> reliability;  ///< 15
  double calibration_error = 0.0;           ///< over `reliability`
  double mean_average_precision = 0.0;      ///< over the classes that have a clip
  std::vector<std::string> labels;
  std::vector<std::size_t> confusion;  ///< classes x classes: row the clip's label, column the predicted one
  std::vector<ClassFigures> per_class;
};

/// `scores` n x classes, `truth` n, each below `labels.size()`.
Evaluation evaluate(std::span<const float> scores, std::span<const int> truth,
                    const std::vector<std::string>& labels);

/// Scores of every clip, n x labels, by one Classifier on each of `threads` threads.
std::vector<float> classify_all(const Model& model, const FeatureSet& features, int threads);

/// For people: the figures, a table of the classes, the confusion matrix.
std::string evaluation_text(const Evaluation& evaluation);
/// {accuracy, accuracy_low, accuracy_high, loss, top3_accuracy, ece, map, clips, correct, labels, confusion,
/// per_class
/// [{label, precision, recall, f1, average_precision, support}]}
std::string evaluation_json(const Evaluation& evaluation);

}  // namespace earshot
