#include "train/report/Report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/json.hpp>

#include "dsp/base/Utf8.h"
#include "train/report/Html.h"

namespace earshot {
namespace {

boost::json::object facts_json(const std::vector<Report::Fact>& facts) {
  boost::json::object object;
  for (const Report::Fact& fact : facts) object[repaired_utf8(fact.name)] = repaired_utf8(fact.value);
  return object;
}

boost::json::array worst_json(const Report& report) {
  boost::json::array clips;
  for (const Report::ScoredClip& clip : report.worst) {
    boost::json::object scores;
    for (std::size_t i = 0; i < clip.scores.size(); ++i)
      scores[repaired_utf8(report.evaluation.labels[i])] = clip.scores[i];
    boost::json::object object{{"file", repaired_utf8(clip.file)},
                               {"label", repaired_utf8(report.evaluation.labels[clip.label])},
                               {"loss", clip.loss},
                               {"scores", std::move(scores)}};
    boost::json::array windows;
    for (const Report::ScoredClip::Window& window : clip.windows) {
      windows.emplace_back(
          boost::json::object{{"start_s", window.start_s},
                              {"own", window.own},
                              {"highest", repaired_utf8(report.evaluation.labels[window.highest])},
                              {"highest_score", window.highest_score}});
    }
    if (!windows.empty()) object["windows"] = std::move(windows);
    clips.emplace_back(std::move(object));
  }
  return clips;
}

boost::json::object tally_json(const Tally& tally) {
  const Interval interval = wilson_interval(tally.found, tally.of);
  return {{"found", tally.found}, {"of", tally.of}, {"low", interval.low}, {"high", interval.high}};
}

boost::json::array taught_json(const Report& report) {
  boost::json::array labels;
  for (const Report::TaughtLabel& taught : report.taught) {
    boost::json::array nearest;
    for (const auto& [label, score] : taught.nearest)
      nearest.emplace_back(boost::json::object{{"label", repaired_utf8(label)}, {"score", score}});
    boost::json::object object{{"label", repaired_utf8(taught.label)},
                               {"highest", tally_json(taught.highest)},
                               {"events", tally_json(taught.own)},
                               {"false_events", tally_json(taught.others)},
                               {"nearest", std::move(nearest)}};
    if (taught.threshold) object["threshold"] = *taught.threshold;
    if (taught.negatives.of > 0) object["bank_events"] = tally_json(taught.negatives);
    labels.emplace_back(std::move(object));
  }
  return labels;
}

boost::json::array learning_json(const Report& report) {
  boost::json::array points;
  for (const LearningPoint& point : report.learning) {
    boost::json::object object = tally_json(point.highest);
    object["clips_per_label"] = point.clips_per_label;
    points.emplace_back(std::move(object));
  }
  return points;
}

boost::json::array reliability_json(const Evaluation& evaluation) {
  boost::json::array bins;
  for (const ReliabilityBin& bin : evaluation.reliability) {
    bins.emplace_back(boost::json::object{{"low", bin.low},
                                          {"high", bin.high},
                                          {"clips", bin.count},
                                          {"correct", bin.correct},
                                          {"mean_confidence", bin.mean_confidence}});
  }
  return bins;
}

boost::json::object data_json(const Report& report) {
  boost::json::object data = facts_json(report.data_facts);
  boost::json::object classes;
  for (std::size_t i = 0; i < report.class_counts.size(); ++i) {
    classes[repaired_utf8(report.evaluation.labels[i])] = boost::json::object{
        {"train", report.class_counts[i].train}, {"validation", report.class_counts[i].validation}};
  }
  if (!classes.empty()) data["classes"] = std::move(classes);
  return data;
}

}  // namespace

boost::json::object report_json(const Report& report) {
  boost::json::object object{{"scored", repaired_utf8(report.scored)}};
  Evaluation evaluation = report.evaluation;
  for (std::string& label : evaluation.labels) label = repaired_utf8(label);
  object["evaluation"] = evaluation_object(evaluation);
  object["reliability"] = reliability_json(report.evaluation);
  object["worst_clips"] = worst_json(report);
  if (!report.taught.empty()) object["taught"] = taught_json(report);
  if (!report.learning.empty()) object["learning_curve"] = learning_json(report);
  object["data_set"] = data_json(report);
  object["machine"] = facts_json(report.machine);
  boost::json::array notes;
  for (const std::string& note : report.notes) notes.emplace_back(repaired_utf8(note));
  object["notes"] = std::move(notes);
  return object;
}

double clip_loss(float own_score) {
  return -bounded_log(static_cast<double>(own_score));
}

std::vector<std::size_t> worst_clips(std::span<const float> scores, std::span<const int> truth,
                                     std::size_t classes, std::size_t count) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] >= 0) order.push_back(i);
  }
  const auto own = [&](std::size_t clip) {
    return scores[clip * classes + static_cast<std::size_t>(truth[clip])];
  };
  std::ranges::stable_sort(order, {}, own);
  order.resize(std::min(order.size(), count));
  return order;
}

}  // namespace earshot
