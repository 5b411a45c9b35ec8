// Report: what a training or a cross-validation came to, as facts: for report.json and for the page of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "train/learning/History.h"
#include "train/measuring/Evaluation.h"
#include "train/measuring/LearningPoint.h"

namespace earshot {

/// Texts may hold anything; whoever writes them out escapes them.
struct Report {
  struct Fact {
    std::string name;
    std::string value;
  };
  /// A training: the only one, or one of a fold.
  struct Run {
    std::string name;  ///< "fold 2"; empty if there is only one
    std::vector<EpochRecord> history;
    int kept_epoch = 0;  ///< which epoch the model is of, counted from 1; 0: the last
  };
  struct Fold {
    int fold = 0;
    std::size_t clips = 0;
    std::size_t correct = 0;
    double loss = 0.0;
  };
  struct ScoredClip {
    std::string file;           ///< its path below the data set
    std::size_t label = 0;      ///< index into Evaluation::labels
    std::vector<float> scores;  ///< one a label
    double loss = 0.0;
    std::string png;  ///< a picture file of its features, or empty
    struct Window {
      double start_s = 0.0;
      float own = 0.0F;         ///< the score of the clip's own label
      std::size_t highest = 0;  ///< index into Evaluation::labels
      float highest_score = 0.0F;
    };
    std::vector<Window> windows;  ///< that it is told by; empty where a clip is told as a whole
    std::size_t shown = 0;        ///< which of them the picture is of
  };
  /// A label that a base was taught, by layers that had not heard the clips they are asked about.
  struct TaughtLabel {
    std::string label;
    std::optional<float> threshold;
    Tally highest;    ///< its clips that have it highest
    Tally own;        ///< its clips with an event
    Tally others;     ///< other clips with one
    Tally negatives;  ///< recordings of the bank with one; of none: not asked
    std::vector<std::pair<std::string, float>>
        nearest;  ///< the base's labels that its clips score highest, in the mean
  };
  struct ClassCount {
    std::size_t train = 0;
    std::size_t validation = 0;
  };

  std::string recipe;              ///< the preset, or the configuration's name
  std::string data;                ///< the data set's name
  std::string scored;              ///< what `evaluation` is of: "the validation part"
  std::vector<std::string> notes;  ///< sentences a reader should know before the figures
  Evaluation evaluation;
  std::vector<Run> runs;
  std::vector<Fold> folds;               ///< of a cross-validation
  std::vector<TaughtLabel> taught;
  std::vector<LearningPoint> learning;   ///< from few clips to all
  std::vector<ScoredClip> worst;  ///< the highest losses first; of a taught base those that are wrong before
  std::vector<ClassCount> class_counts;  ///< one a label, or empty
  std::vector<Fact> data_facts;
  std::vector<Fact> configuration;
  std::vector<Fact> machine;  ///< seed, versions, timing, threads, processor
};

/// Its figures and facts but the runs' histories and the pictures; {accuracy ... per_class} as
/// evaluation_json().
boost::json::object report_json(const Report& report);

/// Indices of the `count` clips with the highest loss, -log of the score of their own label, highest first.
/// `scores` n x classes, `truth` n; those of a negative label are left out.
std::vector<std::size_t> worst_clips(std::span<const float> scores, std::span<const int> truth,
                                     std::size_t classes, std::size_t count);

/// As Evaluation::loss has it for one clip.
double clip_loss(float own_score);

}  // namespace earshot
