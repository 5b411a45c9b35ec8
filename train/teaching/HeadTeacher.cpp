#include "train/teaching/HeadTeacher.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/base/Sha256.h"
#include "train/data/Folds.h"
#include "train/data/Recordings.h"
#include "train/teaching/LabelThresholds.h"

namespace earshot {
namespace {

constexpr int kLeftOutParts = 5;
constexpr float kGuessedThreshold = 0.5F;
constexpr std::uint32_t kPartsSeed = 0x70617274;  ///< "part"

/// Of what has no class to be dealt out by.
int part_of(const std::string& name, std::uint64_t seed) {
  KeyedRandom random(derive_key(seed, std::stoull(sha256_of(name).substr(0, 15), nullptr, 16)));
  return 1 + static_cast<int>(random.below(kLeftOutParts));
}

/// "music/supertux-data-forest-cave" of "music/supertux-data-forest-cave-2.wav": what is of one piece, one
/// kind or one speaker's language is left out together, as what will be heard is none of them.
std::string piece_of(const std::string& file) {
  const std::string name = std::filesystem::path(file).replace_extension().string();
  const std::size_t end = name.find_last_not_of("0123456789");
  return end + 1 < name.size() && name[end] == '-' ? name.substr(0, end) : name;
}

/// In how many parts the data can be left out: no recording is parted.
int parts_of(const DataSet& data) {
  std::set<int> groups;
  std::size_t alone = 0;
  for (const LabelledClip& clip : data.clips) {
    clip.group < 0 ? static_cast<void>(++alone) : static_cast<void>(groups.insert(clip.group));
  }
  return static_cast<int>(std::min<std::size_t>(kLeftOutParts, alone + groups.size()));
}

}  // namespace

HeadTeacher::HeadTeacher(const TeachingMaterial& material, std::uint32_t seed, unsigned threads)
    : material_(material), threads_(threads), start_(starting_rows(material.base, material.taught)) {
  const auto& [base, data, taught, windows, bank] = material_;
  set_.width = base.width;
  set_.rows = taught.rows.size();
  std::vector<std::vector<Stand>> stands;  // of each source
  const auto stands_of = [&](const auto& stand) {
    std::vector<Stand> all;
    for (const std::size_t row : taught.rows) all.push_back(stand(row));
    return all;
  };
  parts_.assign(data.clips.size(), 1);
  // Another deal than that of crossval's made folds.
  if (const int parts = parts_of(data); parts > 1) parts_ = assign_folds(data, parts, seed + kPartsSeed);
  std::set<std::size_t> shown;  // rows that some clip is an example of
  for (const LabelledClip& clip : data.clips) {
    const std::vector<std::size_t> held = taught.held_by(clip);
    for (const std::size_t row : taught.rows) {
      if (taught.stand(held, row) == Stand::positive) shown.insert(row);
    }
  }
  // Of a label that only _not_ names, nothing but those recordings speaks.
  const auto speaks = [&](std::size_t row, Stand stand) { return shown.contains(row) ? stand : Stand::aside; };
  for (const LabelledClip& clip : data.clips) {
    const std::vector<std::size_t> held = taught.held_by(clip);
    stands.push_back(stands_of([&](std::size_t row) { return speaks(row, taught.stand(held, row)); }));
  }
  for (const RejectedClip& clip : data.rejected) {
    const RecordingName recording = recording_of(clip.path.stem().string());
    parts_.push_back(part_of(recording.name.empty() ? clip.path.string() : clip.label + '/' + recording.name, seed));
    const std::size_t label = taught.rejected.at(clip.label);
    stands.push_back(stands_of([&](std::size_t row) { return row == label ? Stand::negative : Stand::aside; }));
  }
  for (std::size_t i = 0; i < windows.windows.size(); ++i) {
    const EmbeddedWindow& window = windows.windows[i];
    set_.add(windows.embedding(i), stands[window.clip], window.clip,
             kGainWeights.at(static_cast<std::size_t>(window.gain)));
  }
  std::vector<float> embedding(base.width);
  std::size_t window = 0;
  for (const NegativeBank::Recording& recording : bank.recordings) {
    const auto held = taught.indices_of(recording.labels);
    // A label equal to what it is, above or below it: nobody said that it is not there. What the base has no word for
    // (any more) may be anything.
    const std::vector<Stand> stand = stands_of([&](std::size_t row) {
      return held && taught.stand(*held, row) == Stand::negative ? speaks(row, Stand::negative) : Stand::aside;
    });
    const std::size_t source = parts_.size();
    parts_.push_back(part_of(piece_of(recording.file), seed));
    for (std::size_t i = 0; i < recording.windows; ++i) {
      bank.read(window++, embedding);
      set_.add(embedding, stand, source, kBankWeight);
    }
  }
}

TaughtHead HeadTeacher::teach(const std::function<bool(std::size_t clip)>& takes) const {
  const std::size_t clips = material_.data.clips.size();
  const auto taken = [&](std::size_t source) { return source >= clips || takes(source); };
  refuse_unheard_classes(taken);
  refuse_rows_without_negatives(taken);
  TaughtHead head;
  head.rows = fit_rows(set_, start_, start_, threads_, taken);
  const std::vector<float> unheard = unheard_scores(head.rows, taken);
  choose_thresholds(head, unheard, taken);
  head.unheard = figures_of(head, unheard, taken);
  return head;
}

void HeadTeacher::refuse_unheard_classes(const Takes& takes) const {
  const auto& [base, data, taught, windows, bank] = material_;
  std::vector<bool> heard(data.labels.size(), false);
  for (const EmbeddedWindow& window : windows.windows) {
    if (window.clip >= data.clips.size() || !takes(window.clip)) continue;
    for (const int label : data.clips[window.clip].labels()) heard[static_cast<std::size_t>(label)] = true;
  }
  for (std::size_t label = 0; label < heard.size(); ++label) {
    if (heard[label]) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: class '{}': found no clip to teach it with that has a window of -60 dBFS or "
                            "more, expected one at least",
                            data.directory.string(), data.labels[label]));
  }
}

/// Nothing would hold such a row back: it would be heard in everything.
void HeadTeacher::refuse_rows_without_negatives(const Takes& takes) const {
  for (std::size_t row = 0; row < set_.rows; ++row) {
    bool found = false;
    for (std::size_t i = 0; i < set_.size() && !found; ++i)
      found = takes(set_.sources[i]) && set_.stands[i * set_.rows + row] == Stand::negative;
    if (found) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: label '{}': found nothing that it is told apart from, expected another class, "
                            "recordings in _background_ or a bank",
                            material_.data.directory.string(), material_.taught.labels[material_.taught.rows[row]]));
  }
}

std::vector<float> HeadTeacher::unheard_scores(const HeadRows& guess, const Takes& takes) const {
  std::vector<float> scores(set_.size() * set_.rows, 0.0F);
  const int parts = *std::ranges::max_element(parts_);
  for (int part = 1; part <= parts; ++part) {
    const auto rest = [&](std::size_t source) { return takes(source) && parts_[source] != part; };
    const HeadRows rows = fit_rows(set_, start_, guess, threads_, rest);
    for (std::size_t i = 0; i < set_.size(); ++i) {
      if (!takes(set_.sources[i]) || parts_[set_.sources[i]] != part) continue;
      const std::vector<float> logits = head_logits(rows, set_.embedding(i));
      std::ranges::transform(logits, scores.begin() + static_cast<std::ptrdiff_t>(i * set_.rows), score_of_logit);
    }
  }
  return scores;
}

void HeadTeacher::choose_thresholds(TaughtHead& head, std::span<const float> unheard, const Takes& takes) const {
  const auto& [base, data, taught, windows, bank] = material_;
  for (std::size_t label = 0; label < taught.labels.size(); ++label) head.thresholds.push_back(guess(label));
  for (std::size_t row = 0; row < set_.rows; ++row) {
    const ThresholdEvidence evidence = evidence_of(row, unheard, takes);
    const std::size_t label = taught.rows[row];
    head.thresholds[label] = chosen_threshold(evidence, guess(label));
    if (!evidence.clips.empty()) head.measured.push_back(label);
  }
  raise_untaught(head, takes);
}

std::vector<UnheardLabel> HeadTeacher::figures_of(const TaughtHead& head, std::span<const float> unheard,
                                                  const Takes& takes) const {
  const std::size_t clips = material_.data.clips.size();
  const std::size_t rejected = clips + material_.data.rejected.size();
  const std::vector<EmbeddedWindow>& own_windows = material_.windows.windows;
  const std::uint64_t step = step_samples(material_.base.model.recipe);
  std::vector<UnheardLabel> figures(set_.rows);
  for (std::size_t first = 0, last = 0; first < set_.size(); first = last) {
    const std::size_t source = set_.sources[first];
    while (last < set_.size() && set_.sources[last] == source) ++last;
    if (!takes(source) || (source >= clips && source < rejected)) continue;
    std::vector<double> sums(set_.rows, 0.0);
    std::vector<std::vector<WindowScore>> scores(set_.rows);
    std::uint64_t at = 0;
    for (std::size_t i = first; i < last; ++i, at += step) {
      const bool own = i < own_windows.size();
      if (own && own_windows[i].gain != 0) continue;
      for (std::size_t row = 0; row < set_.rows; ++row) {
        const float score = unheard[i * set_.rows + row];
        sums[row] += std::log(std::max(static_cast<double>(score), 1e-30));
        scores[row].push_back({own ? own_windows[i].start_sample : at, score});
      }
    }
    const auto highest = static_cast<std::size_t>(std::ranges::max_element(sums) - sums.begin());
    const Stand* stands = set_.stands.data() + first * set_.rows;
    for (std::size_t row = 0; row < set_.rows; ++row) {
      if (stands[row] == Stand::aside) continue;
      const bool positive = stands[row] == Stand::positive;
      UnheardLabel& label = figures[row];
      UnheardLabel::Events& events = source >= clips ? label.negatives : positive ? label.own : label.others;
      ++events.of;
      events.found += event_threshold(scores[row], step) >= head.thresholds[material_.taught.rows[row]];
      if (!positive) continue;
      ++label.highest.of;
      label.highest.found += stands[highest] == Stand::positive;
    }
  }
  for (std::size_t row = 0; row < set_.rows; ++row) {
    const bool was_left_out = std::ranges::binary_search(head.measured, material_.taught.rows[row]);
    if (!was_left_out) figures[row] = {};
  }
  return figures;
}

ThresholdEvidence HeadTeacher::evidence_of(std::size_t row, std::span<const float> unheard,
                                           const Takes& takes) const {
  const std::size_t own_windows = material_.windows.windows.size();
  const std::uint64_t step = step_samples(material_.base.model.recipe);
  ThresholdEvidence evidence;
  std::set<int> parts;
  std::vector<WindowScore> clip;
  const auto finish = [&] {
    if (clip.empty()) return;
    evidence.clips.push_back(event_threshold(clip, step));
    evidence.lasting.push_back(lasting_score(clip));
    clip.clear();
  };
  std::size_t source = static_cast<std::size_t>(-1);
  for (std::size_t i = 0; i < set_.size(); ++i) {
    const bool as_it_is = i >= own_windows || material_.windows.windows[i].gain == 0;
    if (!as_it_is || !takes(set_.sources[i])) continue;
    const float score = unheard[i * set_.rows + row];
    const Stand stand = set_.stands[i * set_.rows + row];
    if (stand == Stand::negative) (i < own_windows ? evidence.others : evidence.negatives).push_back(score);
    if (stand != Stand::positive) continue;
    if (std::exchange(source, set_.sources[i]) != set_.sources[i]) finish();
    clip.push_back({material_.windows.windows[i].start_sample, score});
    parts.insert(parts_[set_.sources[i]]);
  }
  finish();
  if (parts.size() < 2) evidence.clips.clear();  // its unheard scores are by heads that knew nothing of it
  return evidence;
}

/// Labels without clips: few windows that are not theirs may pass, of the bank and, of a kind of what is taught, of
/// those clips: who teaches "Bark" wants it called so, not "Bow-wow", which nobody has taught.
void HeadTeacher::raise_untaught(TaughtHead& head, const Takes& takes) const {
  const auto& [base, data, taught, windows, bank] = material_;
  const std::size_t labels = taught.base_labels;
  const auto is_taught = [&](std::size_t label) { return std::ranges::binary_search(taught.rows, label); };
  const auto related = [&](std::size_t a, std::size_t b) {
    return a == b || std::ranges::binary_search(taught.kinds_of[a], b) ||
           std::ranges::binary_search(taught.kinds_of[b], a);
  };
  std::vector<std::vector<float>> of_bank(labels);
  std::vector<std::vector<float>> of_clips(labels);
  const HeadRows rows = all_rows(base.model, base.head);
  std::size_t window = windows.windows.size();
  for (const NegativeBank::Recording& recording : bank.recordings) {
    const std::size_t first = std::exchange(window, window + recording.windows);
    const auto held = taught.indices_of(recording.labels);
    if (!held) continue;
    const std::vector<float> logits = head_logits(
        rows, std::span(set_.embeddings).subspan(first * set_.width, recording.windows * set_.width));
    for (std::size_t label = 0; label < labels; ++label) {
      if (std::ranges::any_of(*held, [&](std::size_t own) { return related(own, label); })) continue;
      for (std::size_t i = 0; i < recording.windows; ++i)
        of_bank[label].push_back(score_of_logit(logits[i * labels + label]));
    }
  }
  for (std::size_t kind = 0; kind < labels; ++kind) {
    const bool is_kind = std::ranges::any_of(taught.kinds_of[kind], is_taught);
    if (!is_kind || is_taught(kind)) continue;
    const std::span<const float> row = rows.row(kind);
    const HeadRows alone{rows.width, {row.begin(), row.end()}, {rows.bias[kind]}};
    for (std::size_t i = 0; i < windows.windows.size(); ++i) {
      const std::size_t clip = windows.windows[i].clip;
      if (clip >= data.clips.size() || !takes(clip)) continue;
      const std::vector<std::size_t> held = taught.held_by(data.clips[clip]);
      const bool of_it = std::ranges::any_of(
          held, [&](std::size_t own) { return std::ranges::binary_search(taught.kinds_of[kind], own); });
      if (of_it) of_clips[kind].push_back(score_of_logit(head_logits(alone, windows.embedding(i)).front()));
    }
  }
  for (std::size_t label = 0; label < labels; ++label) {
    if (is_taught(label)) continue;
    float& threshold = head.thresholds[label];
    threshold = passing_threshold(std::move(of_bank[label]), kPassingUntaught, threshold);
    threshold = std::min(1.0F, passing_threshold(std::move(of_clips[label]), kPassingUntaught, threshold));
  }
}

float HeadTeacher::guess(std::size_t label) const {
  const std::vector<float>& stored = material_.base.model.meanings.thresholds;
  return label < stored.size() ? stored[label] : kGuessedThreshold;
}

}  // namespace earshot
