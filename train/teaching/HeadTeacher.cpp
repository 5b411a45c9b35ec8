#include "train/teaching/HeadTeacher.h"

#include <algorithm>
#include <array>
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
constexpr std::uint32_t kCurveSeed = 0x63757276;  ///< "curv"

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
  std::vector<float> counts(data.clips.size(), 1.0F);  // of each source, what its windows count for
  for (const RejectedClip& clip : data.rejected) {
    const RecordingName recording = recording_of(clip.path.stem().string());
    parts_.push_back(part_of(recording.name.empty() ? clip.path.string() : clip.label + '/' + recording.name, seed));
    const std::size_t label = taught.rejected.at(clip.label);
    stands.push_back(stands_of([&](std::size_t row) { return row == label ? Stand::negative : Stand::aside; }));
    counts.push_back(shown.contains(label) ? kRejectedWeight : 1.0F);
  }
  for (std::size_t i = 0; i < windows.windows.size(); ++i) {
    const EmbeddedWindow& window = windows.windows[i];
    set_.add(windows.embedding(i), stands[window.clip], window.clip,
             counts[window.clip] * kGainWeights.at(static_cast<std::size_t>(window.gain)));
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
  head.rows = fit_rows(set_, start_, start_, threads_, std::array<Takes, 1>{taken}).front();
  std::vector<Unheard> unheard = hear_unheard(head.rows, taken);
  choose_thresholds(head, unheard, taken);
  head.unheard = figures_of(head, unheard);
  for (Unheard& heard : unheard) {
    if (heard.source >= clips) continue;
    const std::vector<std::size_t> held = material_.taught.held_by(material_.data.clips[heard.source]);
    const auto is_measured = [&](std::size_t label) {
      return std::ranges::binary_search(head.measured, label);
    };
    if (std::ranges::any_of(held, is_measured))
      head.clips.push_back({heard.source, std::move(heard.windows)});
  }
  return head;
}

std::vector<LearningPoint> HeadTeacher::learning_curve(const TaughtHead& head) const {
  const auto& [base, data, taught, windows, bank] = material_;
  const std::size_t clips = data.clips.size();
  const int parts = *std::max_element(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(clips));
  if (parts < 2 || set_.rows < 2 || head.clips.empty()) return {};  // of one label each is highest
  std::vector<std::vector<std::size_t>> of_label(
      data.labels.size());  // its clips, in an order that chance gave
  for (std::size_t clip = 0; clip < clips; ++clip) {
    for (const int label : data.clips[clip].labels())
      of_label[static_cast<std::size_t>(label)].push_back(clip);
  }
  const double labels = static_cast<double>(of_label.size());
  const double left = static_cast<double>(parts - 1) / parts;
  std::size_t all = 0;
  for (std::vector<std::size_t>& own : of_label) {
    all += own.size();
    std::ranges::stable_sort(own, {}, [&](std::size_t clip) { return derive_key(kCurveSeed, clip); });
  }
  std::vector<std::vector<std::size_t>> windows_of(clips);  // as they are
  for (std::size_t i = 0; i < windows.windows.size(); ++i) {
    const EmbeddedWindow& window = windows.windows[i];
    if (window.gain == 0 && window.clip < clips) windows_of[window.clip].push_back(i);
  }
  const auto is_right = [&](std::size_t clip, const HeardWindows& said) {
    return taught.owns(taught.held_by(data.clips[clip]), said.highest());
  };
  std::vector<LearningPoint> curve;
  std::vector<Takes> some;  // of each point its parts
  for (const std::size_t divisor : {4U, 2U}) {
    if (all < divisor * divisor * of_label.size()) continue;  // four a label at least, or two
    LearningPoint& point = curve.emplace_back();
    std::vector<bool> few(clips);
    for (std::size_t clip = 0; clip < clips; ++clip) few[clip] = data.clips[clip].background();
    for (const std::vector<std::size_t>& own : of_label) {
      const std::size_t count = std::max(own.size() / divisor, std::min<std::size_t>(own.size(), 2));
      for (std::size_t i = 0; i < count; ++i) few[own[i]] = true;
      point.clips_per_label += left * static_cast<double>(count) / labels;
    }
    for (int part = 1; part <= parts; ++part) {
      some.push_back([this, part, few, clips](std::size_t source) {
        return parts_[source] != part && (source >= clips || few[source]);
      });
    }
  }
  const std::vector<HeadRows> heads = fit_rows(set_, start_, head.rows, threads_, some);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const int part = 1 + static_cast<int>(i) % parts;
    for (const HeardClip& heard : head.clips) {
      if (parts_[heard.clip] != part) continue;
      const bool right = is_right(heard.clip, hear_windows(heads[i], windows, windows_of[heard.clip]));
      curve[i / static_cast<std::size_t>(parts)].highest.count(right);
    }
  }
  LearningPoint& whole = curve.emplace_back();
  whole.clips_per_label = left * static_cast<double>(all) / labels;
  for (const HeardClip& heard : head.clips) whole.highest.count(is_right(heard.clip, heard.windows));
  return curve;
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

std::vector<HeadTeacher::Unheard> HeadTeacher::hear_unheard(const HeadRows& guess, const Takes& takes) const {
  const std::vector<EmbeddedWindow>& own = material_.windows.windows;
  const std::uint64_t step = step_samples(material_.base.model.recipe);
  const int parts = *std::ranges::max_element(parts_);
  std::vector<Takes> rest;
  for (int part = 1; part <= parts; ++part)
    rest.push_back([&, part](std::size_t source) { return takes(source) && parts_[source] != part; });
  const std::vector<HeadRows> without = fit_rows(set_, start_, guess, threads_, rest);
  std::vector<Unheard> unheard;
  for (std::size_t i = 0; i < set_.size(); ++i) {
    const std::size_t source = set_.sources[i];
    if (!takes(source) || (i < own.size() && own[i].gain != 0)) continue;
    if (unheard.empty() || unheard.back().source != source)
      unheard.push_back({source, std::span(set_.stands).subspan(i * set_.rows, set_.rows), {}});
    HeardWindows& windows = unheard.back().windows;
    windows.add(i < own.size() ? own[i].start_sample : windows.size() * step,
                head_logits(without[static_cast<std::size_t>(parts_[source] - 1)], set_.embedding(i)));
  }
  return unheard;
}

void HeadTeacher::choose_thresholds(TaughtHead& head, std::span<const Unheard> unheard,
                                    const Takes& takes) const {
  const auto& [base, data, taught, windows, bank] = material_;
  for (std::size_t label = 0; label < taught.labels.size(); ++label) head.thresholds.push_back(guess(label));
  for (std::size_t row = 0; row < set_.rows; ++row) {
    const ThresholdEvidence evidence = evidence_of(row, unheard);
    const std::size_t label = taught.rows[row];
    head.thresholds[label] = chosen_threshold(evidence, guess(label));
    if (!evidence.clips.empty()) head.measured.push_back(label);
  }
  raise_untaught(head, takes);
}

std::vector<UnheardLabel> HeadTeacher::figures_of(const TaughtHead& head,
                                                  std::span<const Unheard> unheard) const {
  const std::size_t clips = material_.data.clips.size();
  const std::size_t rejected = clips + material_.data.rejected.size();
  const std::uint64_t step = step_samples(material_.base.model.recipe);
  std::vector<UnheardLabel> figures(set_.rows);
  for (const Unheard& heard : unheard) {
    if (heard.source >= clips && heard.source < rejected) continue;
    const bool is_clip = heard.source < clips;
    const std::vector<std::size_t> held =
        is_clip ? material_.taught.held_by(material_.data.clips[heard.source]) : std::vector<std::size_t>{};
    const bool right = material_.taught.owns(held, heard.windows.highest());
    for (std::size_t row = 0; row < set_.rows; ++row) {
      const std::size_t taught = material_.taught.rows[row];
      const Stand stand = heard.stands[row];
      if (stand == Stand::aside || !std::ranges::binary_search(head.measured, taught)) continue;
      UnheardLabel& label = figures[row];
      Tally& events = heard.source >= clips      ? label.negatives
                      : stand == Stand::positive ? label.own
                                                 : label.others;
      events.count(event_threshold(heard.windows.of_row(row), step) >= head.thresholds[taught]);
      if (material_.taught.owns(held, row)) label.highest.count(right);
    }
  }
  return figures;
}

ThresholdEvidence HeadTeacher::evidence_of(std::size_t row, std::span<const Unheard> unheard) const {
  const std::size_t clips = material_.data.clips.size();
  const std::size_t given = clips + material_.data.rejected.size();
  const std::uint64_t step = step_samples(material_.base.model.recipe);
  ThresholdEvidence evidence;
  std::set<int> parts;
  for (const Unheard& heard : unheard) {
    const std::vector<WindowScore> windows = heard.windows.of_row(row);
    if (heard.stands[row] == Stand::negative) {
      std::vector<float>& scores = heard.source < clips   ? evidence.others
                                   : heard.source < given ? evidence.rejected
                                                          : evidence.negatives;
      for (const WindowScore& window : windows) scores.push_back(window.score);
    } else if (heard.stands[row] == Stand::positive) {
      evidence.clips.push_back(event_threshold(windows, step));
      evidence.lasting.push_back(lasting_score(windows));
      parts.insert(parts_[heard.source]);
    }
  }
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
