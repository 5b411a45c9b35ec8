#include "train/measuring/TaughtScores.h"

#include <algorithm>
#include <cmath>

#include "nn/inference/HeardLabels.h"
#include "train/teaching/LabelThresholds.h"

namespace earshot {
namespace {


double log_sigmoid(float logit) {
  return -std::log1p(std::exp(-static_cast<double>(logit)));
}

}  // namespace

TaughtScores::TaughtScores(const DataSet& data, const Base& base, const TaughtLabels& taught,
                           const WindowEmbeddings& windows)
    : data_(data),
      base_(base),
      taught_(taught),
      windows_(windows),
      highest_(kTaughtGainsDb.size()),
      unread_(data.clips.size()),
      confusion_(taught.rows.size() * taught.rows.size()),
      rows_(taught.rows.size()) {
  for (const FeatureSet::Problem& problem : windows.problems) {
    if (problem.clip < unread_.size()) unread_[problem.clip] = true;
  }
}

void TaughtScores::add(const TaughtHead& head, const std::function<bool(std::size_t clip)>& takes) {
  const std::size_t gains = kTaughtGainsDb.size();
  const std::size_t rows = taught_.rows.size();
  Model model = with_rows(base_, taught_, head.rows);
  model.meanings.thresholds = head.thresholds;
  const HeardLabels heard(model);
  const HeadRows all = all_rows(model, base_.head);
  const HeadRows before = starting_rows(base_, taught_);
  const std::uint64_t step = step_samples(base_.model.recipe);

  std::vector<std::vector<std::size_t>> of_clip(data_.clips.size() * gains);
  for (std::size_t i = 0; i < windows_.windows.size(); ++i) {
    const EmbeddedWindow& window = windows_.windows[i];
    if (window.clip < data_.clips.size() && takes(window.clip))
      of_clip[window.clip * gains + static_cast<std::size_t>(window.gain)].push_back(i);
  }
  std::vector<std::size_t> found(model.labels.size());
  for (std::size_t clip = 0; clip < data_.clips.size(); ++clip) {
    if (!takes(clip) || data_.clips[clip].background() || unread_[clip]) continue;
    std::vector<std::size_t> own;  // rows that are right
    const std::vector<std::size_t> held = taught_.held_by(data_.clips[clip]);
    for (std::size_t row = 0; row < rows; ++row) {
      if (std::ranges::find(held, taught_.rows[row]) != held.end()) own.push_back(row);
    }
    const auto is_own = [&](std::size_t row) { return std::ranges::find(own, row) != own.end(); };
    for (std::size_t gain = 0; gain < gains; ++gain) {
      const std::vector<std::size_t>& windows = of_clip[clip * gains + gain];
      std::vector<double> sums(rows, 0.0);
      std::vector<std::vector<WindowScore>> scores(rows);
      std::size_t first = 0;
      for (const std::size_t window : windows) {
        const std::vector<float> logits = head_logits(head.rows, windows_.embedding(window));
        for (std::size_t row = 0; row < rows; ++row) {
          sums[row] += log_sigmoid(logits[row]);
          scores[row].push_back({windows_.windows[window].start_sample, score_of_logit(logits[row])});
        }
        if (gain != 0) continue;
        const std::vector<float> base_logits = head_logits(before, windows_.embedding(window));
        for (std::size_t row = 0; row < rows; ++row) {
          const Stand stand = taught_.stand(held, taught_.rows[row]);
          if (stand == Stand::aside) continue;
          rows_[row].scores.push_back(score_of_logit(logits[row]));
          rows_[row].base.push_back(base_logits[row]);
          rows_[row].truth.push_back(stand == Stand::positive ? 1 : 0);
        }
        std::vector<float> everything = head_logits(all, windows_.embedding(window));
        std::ranges::transform(everything, everything.begin(), score_of_logit);
        if (heard.find(everything, found) > 0 && std::ranges::find(held, found[0]) != held.end()) ++first;
      }
      const auto highest = static_cast<std::size_t>(std::ranges::max_element(sums) - sums.begin());
      const bool right = !windows.empty() && is_own(highest);
      if (gain == 0 && !windows.empty()) ++confusion_[(right ? highest : own.front()) * rows + highest];
      ++highest_[gain].of;
      highest_[gain].right += right ? 1 : 0;
      if (gain != 0) continue;
      const bool is_first = 2 * first > windows.size();
      ++heard_first_.of;
      heard_first_.right += is_first ? 1 : 0;
      for (std::size_t row = 0; row < rows; ++row) {
        Label& counts = rows_[row].counts;
        const bool event = event_threshold(scores[row], step) >= head.thresholds[taught_.rows[row]];
        const Stand stand = taught_.stand(held, taught_.rows[row]);
        if (stand == Stand::aside) continue;
        Count& events = stand == Stand::positive ? counts.events : counts.false_events;
        ++events.of;
        events.right += event ? 1 : 0;
        if (!is_own(row)) continue;
        ++counts.highest.of;
        counts.highest.right += right ? 1 : 0;
        ++counts.heard_first.of;
        counts.heard_first.right += is_first ? 1 : 0;
      }
    }
  }
}

TaughtScores::Label TaughtScores::label(std::size_t row) const {
  const Row& gathered = rows_.at(row);
  Label label = gathered.counts;
  label.average_precision = average_precision(gathered.scores, gathered.truth);
  if (taught_.rows[row] < taught_.base_labels) label.base_precision = average_precision(gathered.base, gathered.truth);
  label.calibration_error = expected_calibration_error(reliability_bins(gathered.scores, gathered.truth));
  return label;
}

double TaughtScores::calibration_error() const {
  std::vector<float> scores;
  std::vector<unsigned char> truth;
  for (const Row& row : rows_) {
    scores.insert(scores.end(), row.scores.begin(), row.scores.end());
    truth.insert(truth.end(), row.truth.begin(), row.truth.end());
  }
  return expected_calibration_error(reliability_bins(scores, truth));
}

}  // namespace earshot
