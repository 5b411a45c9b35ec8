// Evaluation: how well scores agree with labels: accuracy, loss, confusion, precision and recall of each
// class.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nn/Model.h"
#include "train/FeatureSet.h"

namespace earshot {

struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// The 95 % score interval of `correct` in `n` (Wilson 1927); 0 .. 1 for n = 0.
Interval wilson_interval(std::size_t correct, std::size_t n) noexcept;

/// 0 wherever a ratio has nothing to divide by.
struct ClassFigures {
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
  std::size_t support = 0;  ///< clips of the class
};

struct Evaluation {
  std::size_t clips = 0;
  std::size_t correct = 0;
  double accuracy = 0.0;
  double loss = 0.0;  ///< mean of -log of the score of the clip's own label
  std::vector<std::string> labels;
  std::vector<std::size_t> confusion;  ///< classes x classes: row the clip's label, column the predicted one
  std::vector<ClassFigures> per_class;
};

/// Index of the highest of `scores`, the first of equals.
std::size_t predicted_class(std::span<const float> scores) noexcept;

/// `scores` n x classes, `truth` n, each below `labels.size()`.
Evaluation evaluate(std::span<const float> scores, std::span<const int> truth,
                    const std::vector<std::string>& labels);

/// Scores of every clip, n x labels, by one Classifier on each of `threads` threads.
std::vector<float> classify_all(const Model& model, const FeatureSet& features, int threads);

/// For people: the figures, a table of the classes, the confusion matrix.
std::string evaluation_text(const Evaluation& evaluation);
/// {accuracy, loss, clips, correct, accuracy_low, accuracy_high, labels, confusion, per_class [{label,
/// precision, recall, f1, support}]}
std::string evaluation_json(const Evaluation& evaluation);

}  // namespace earshot
