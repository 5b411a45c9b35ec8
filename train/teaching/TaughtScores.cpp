#include "train/teaching/TaughtScores.h"

#include <algorithm>

#include "nn/inference/HeardLabels.h"

namespace earshot {
namespace {

/// In most windows a label that the clip holds is heard[0].
bool is_heard_first(std::span<const std::size_t> held, const HeardLabels& labels, const HeardWindows& all) {
  std::vector<std::size_t> found(all.rows);
  std::size_t first = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    first += labels.find(all.window(i), found) > 0 && std::ranges::find(held, found[0]) != held.end();
  return 2 * first > all.size();
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
  for (std::size_t clip = 0; clip < data_.clips.size(); ++clip) {
    if (!takes(clip) || data_.clips[clip].background() || unread_[clip]) continue;
    const std::vector<std::size_t> held = taught_.held_by(data_.clips[clip]);
    const auto is_right = [&](const HeardWindows& said) {
      return said.size() > 0 && taught_.owns(held, said.highest());
    };
    for (std::size_t gain = 1; gain < gains; ++gain)
      highest_[gain].count(is_right(hear_windows(head.rows, windows_, of_clip[clip * gains + gain])));

    const std::vector<std::size_t>& windows = of_clip[clip * gains];
    HeardWindows said = hear_windows(head.rows, windows_, windows);
    const bool right = is_right(said);
    highest_[0].count(right);
    if (said.size() > 0) {
      std::size_t own = 0;
      while (!taught_.owns(held, own)) ++own;
      ++confusion_[(right ? said.highest() : own) * rows + said.highest()];
    }
    add_windows(held, windows, said, before);
    const bool is_first = is_heard_first(held, heard, hear_windows(all, windows_, windows));
    heard_first_.count(is_first);
    for (std::size_t row = 0; row < rows; ++row) {
      const Stand stand = taught_.stand(held, taught_.rows[row]);
      if (stand == Stand::aside) continue;
      Label& counts = rows_[row].counts;
      Tally& events = stand == Stand::positive ? counts.events : counts.false_events;
      events.count(event_threshold(said.of_row(row), step) >= head.thresholds[taught_.rows[row]]);
      if (!taught_.owns(held, row)) continue;
      counts.highest.count(right);
      counts.heard_first.count(is_first);
    }
    clips_.push_back({clip, std::move(said)});
  }
}

void TaughtScores::add_windows(std::span<const std::size_t> held, std::span<const std::size_t> windows,
                               const HeardWindows& heard, const HeadRows& before) {
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::vector<float> base = head_logits(before, windows_.embedding(windows[i]));
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const Stand stand = taught_.stand(held, taught_.rows[row]);
      if (stand == Stand::aside) continue;
      rows_[row].scores.push_back(heard.window(i)[row]);
      rows_[row].base.push_back(base[row]);
      rows_[row].truth.push_back(stand == Stand::positive ? 1 : 0);
    }
  }
}

TaughtScores::Label TaughtScores::label(std::size_t row) const {
  const Row& gathered = rows_.at(row);
  Label label = gathered.counts;
  label.average_precision = average_precision(gathered.scores, gathered.truth);
  if (taught_.rows[row] < taught_.base_labels)
    label.base_precision = average_precision(gathered.base, gathered.truth);
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
