#include "train/report/TeachReport.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/AtomicFile.h"
#include "dsp/base/JsonText.h"
#include "dsp/features/FeatureExtractor.h"
#include "train/report/FeaturePicture.h"
#include "train/report/Png.h"
#include "train/report/ReportPage.h"

namespace earshot {
namespace {

constexpr std::size_t kLeastShown = 12;
constexpr std::size_t kMostShown = 24;
constexpr std::size_t kNearestLabels = 3;

/// A clip that is scored, and the windows it is told by; none if it is too quiet.
struct ToldClip {
  std::size_t clip = 0;
  const HeardWindows* windows = nullptr;
  std::size_t row = 0;  ///< of its own label, the first of several
  std::vector<float> scores;
  bool right = false;
};

/// Clips with a label, by their place in the data.
std::vector<ToldClip> told_clips(const TeachingMaterial& material, std::span<const HeardClip> heard) {
  const auto& [base, data, taught, windows, bank] = material;
  constexpr float kNextToNothing = std::numeric_limits<float>::min();
  std::vector<const HeardWindows*> of_clip(data.clips.size(), nullptr);
  for (const HeardClip& clip : heard) of_clip[clip.clip] = &clip.windows;
  std::vector<bool> quiet(data.clips.size(), true);
  for (const EmbeddedWindow& window : windows.windows) {
    if (window.clip < quiet.size()) quiet[window.clip] = false;
  }
  for (const FeatureSet::Problem& problem : windows.problems) {
    if (problem.clip < quiet.size()) quiet[problem.clip] = false;
  }
  std::vector<ToldClip> told;
  for (std::size_t clip = 0; clip < data.clips.size(); ++clip) {
    const HeardWindows* const said = of_clip[clip];
    if (data.clips[clip].background() || (said == nullptr && !quiet[clip])) continue;
    const std::vector<std::size_t> held = taught.held_by(data.clips[clip]);
    ToldClip own{clip, quiet[clip] ? nullptr : said, 0, {}, false};
    while (!taught.owns(held, own.row)) ++own.row;
    if (own.windows != nullptr) {
      for (const double mean : said->mean_log_scores())
        own.scores.push_back(static_cast<float>(std::exp(mean)));
      own.right = taught.owns(held, said->highest());
    } else {
      for (std::size_t row = 0; row < taught.rows.size(); ++row)
        own.scores.push_back(taught.owns(held, row) ? 0.0F : kNextToNothing);
    }
    told.push_back(std::move(own));
  }
  // Labels whose clips could not be left out are not judged by those that were too quiet.
  std::vector<bool> judged(taught.rows.size(), false);
  for (const ToldClip& clip : told) judged[clip.row] = judged[clip.row] || clip.windows != nullptr;
  std::erase_if(told, [&](const ToldClip& clip) { return !judged[clip.row]; });
  return told;
}

Evaluation evaluation_of(const TeachingMaterial& material, const std::vector<ToldClip>& told) {
  const TaughtLabels& taught = material.taught;
  ScoredClips clips;
  for (const std::size_t row : taught.rows) clips.labels.push_back(taught.labels[row]);
  for (const ToldClip& clip : told) {
    clips.scores.insert(clips.scores.end(), clip.scores.begin(), clip.scores.end());
    clips.truth.push_back(static_cast<int>(clip.row));
    const std::vector<std::size_t> held = taught.held_by(material.data.clips[clip.clip]);
    for (std::size_t row = 0; row < taught.rows.size(); ++row)
      clips.present.push_back(taught.owns(held, row));
  }
  // Told apart by the highest, though labels do not exclude each other: from which score on one is there is
  // its threshold's, and how far scores can be trusted is seen by windows, which are what is scored live.
  Evaluation evaluation = evaluate(clips, Scores::softmax);
  std::vector<float> confidence;
  std::vector<unsigned char> is_there;
  for (const ToldClip& clip : told) {
    if (clip.windows == nullptr) continue;
    const std::vector<std::size_t> held = taught.held_by(material.data.clips[clip.clip]);
    for (std::size_t i = 0; i < clip.windows->scores.size(); ++i) {
      const Stand stand = taught.stand(held, taught.rows[i % taught.rows.size()]);
      if (stand == Stand::aside) continue;
      confidence.push_back(clip.windows->scores[i]);
      is_there.push_back(stand == Stand::positive);
    }
  }
  evaluation.reliability = reliability_bins(confidence, is_there);
  evaluation.calibration_error = expected_calibration_error(evaluation.reliability);
  return evaluation;
}

std::vector<Report::Fold> folds_of(const DataSet& data, const std::vector<ToldClip>& told) {
  std::map<int, Report::Fold> folds;
  for (const ToldClip& clip : told) {
    Report::Fold& fold = folds[data.clips[clip.clip].fold];
    fold.fold = data.clips[clip.clip].fold;
    ++fold.clips;
    fold.correct += clip.right;
    fold.loss += clip_loss(clip.scores[clip.row]);
  }
  std::vector<Report::Fold> list;
  for (const auto& [number, fold] : folds)
    list.push_back({number, fold.clips, fold.correct, fold.loss / static_cast<double>(fold.clips)});
  return list;
}

/// What the base alone hears in the clips of each label: the labels of the highest mean score.
std::vector<std::vector<std::pair<std::string, float>>> nearest_labels(const TeachingMaterial& material) {
  const auto& [base, data, taught, windows, bank] = material;
  const std::size_t labels = base.model.labels.size();
  const HeadRows rows = all_rows(base.model, base.head);
  std::vector<std::vector<double>> sums(taught.rows.size(), std::vector<double>(labels, 0.0));
  std::vector<std::size_t> counts(taught.rows.size(), 0);
  for (std::size_t i = 0; i < windows.windows.size(); ++i) {
    const EmbeddedWindow& window = windows.windows[i];
    if (window.gain != 0 || window.clip >= data.clips.size()) continue;
    const std::vector<std::size_t> held = taught.held_by(data.clips[window.clip]);
    if (held.empty()) continue;
    const std::vector<float> logits = head_logits(rows, windows.embedding(i));
    for (std::size_t row = 0; row < taught.rows.size(); ++row) {
      if (!taught.owns(held, row)) continue;
      ++counts[row];
      for (std::size_t label = 0; label < labels; ++label)
        sums[row][label] += static_cast<double>(score_of_logit(logits[label]));
    }
  }
  std::vector<std::vector<std::pair<std::string, float>>> nearest(taught.rows.size());
  for (std::size_t row = 0; row < nearest.size(); ++row) {
    if (counts[row] == 0) continue;
    std::vector<std::size_t> order;
    for (std::size_t label = 0; label < labels; ++label) {
      if (label != taught.rows[row]) order.push_back(label);
    }
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t label) { return sums[row][label]; });
    order.resize(std::min(order.size(), kNearestLabels));
    for (const std::size_t label : order) {
      nearest[row].emplace_back(base.model.labels[label],
                                static_cast<float>(sums[row][label] / static_cast<double>(counts[row])));
    }
  }
  return nearest;
}

std::string picture_of(const TeachingMaterial& material, const ToldClip& told, std::uint64_t start_sample) {
  const FeatureRecipe& recipe = material.base.model.recipe;
  std::vector<float> samples = load_clip(material.data.clips[told.clip].path, recipe.rate_hz).samples;
  const auto window = static_cast<std::size_t>(recipe.window_samples);
  samples.resize(std::max(samples.size(), static_cast<std::size_t>(start_sample) + window), 0.0F);
  std::vector<float> features(recipe.shape().size());
  FeatureExtractor(recipe).extract_window(
      std::span(samples).subspan(static_cast<std::size_t>(start_sample), window), start_sample, features);
  const FeaturePicture picture = feature_picture(features, recipe);
  return png_bytes(picture.levels, picture.height, picture.width, Palette::heat);
}

Report::ScoredClip shown_clip(const TeachingMaterial& material, const ToldClip& told) {
  Report::ScoredClip clip;
  clip.file = material.data.name_of(material.data.clips[told.clip]);
  clip.label = told.row;
  clip.scores = told.scores;
  clip.loss = clip_loss(told.scores[told.row]);
  if (told.windows == nullptr) return clip;
  const std::vector<std::size_t> held = material.taught.held_by(material.data.clips[told.clip]);
  for (std::size_t i = 0; i < told.windows->size(); ++i) {
    const std::span<const float> scores = told.windows->window(i);
    auto highest = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
    if (material.taught.owns(held, highest)) highest = told.row;
    const double start_s = static_cast<double>(told.windows->starts[i]) / material.base.model.recipe.rate_hz;
    clip.windows.push_back({start_s, scores[told.row], highest, scores[highest]});
  }
  const auto least = std::ranges::min_element(clip.windows, {}, &Report::ScoredClip::Window::own);
  clip.shown = static_cast<std::size_t>(least - clip.windows.begin());
  clip.png = picture_of(material, told, told.windows->starts[clip.shown]);
  return clip;
}

}  // namespace

Report teach_report(const TeachingMaterial& material, std::span<const HeardClip> heard, bool by_fold) {
  const auto& [base, data, taught, windows, bank] = material;
  std::vector<ToldClip> told = told_clips(material, heard);
  Report report;
  report.recipe = base.model.name + ", taught";
  report.data = data.name();
  report.evaluation = evaluation_of(material, told);
  report.scored =
      fmt::format("{} clips by their loud windows, each by a last layer that had not heard it", told.size());
  const std::vector<std::vector<std::pair<std::string, float>>> nearest = nearest_labels(material);
  for (std::size_t row = 0; row < taught.rows.size(); ++row) {
    Report::TaughtLabel& label = report.taught.emplace_back();
    label.label = taught.labels[taught.rows[row]];
    label.nearest = nearest[row];
    for (const ToldClip& clip : told) {
      if (clip.row == row) label.highest.count(clip.right);
    }
  }
  if (by_fold) report.folds = folds_of(data, told);
  const auto quiet = std::ranges::count(told, nullptr, &ToldClip::windows);
  if (quiet > 0) {
    report.notes.push_back(
        fmt::format("{} of the clips have no window of -60 dBFS or more: nothing could be learnt from "
                    "them, and they count as wrong.",
                    quiet));
  }
  std::ranges::stable_sort(told, {},
                           [](const ToldClip& clip) { return std::pair(clip.right, clip.scores[clip.row]); });
  const auto wrong = static_cast<std::size_t>(std::ranges::count(told, false, &ToldClip::right));
  if (wrong > kMostShown)
    report.notes.push_back(
        fmt::format("{} clips disagree with their label; the {} that do most are shown.", wrong, kMostShown));
  if (told.empty()) {
    report.notes.emplace_back(
        "No clip could be left out of the learning: each label needs two recordings at least before "
        "anything can be said of unheard ones.");
  } else if (taught.rows.size() == 1) {
    report.notes.emplace_back(
        "One label was taught: which is highest says nothing; its events, and those of others, do.");
  }
  told.resize(std::min({told.size(), std::max(wrong, kLeastShown), kMostShown}));
  for (const ToldClip& clip : told) report.worst.push_back(shown_clip(material, clip));
  report.data_facts = {
      {"directory", data.name()},
      {"clips", fmt::format("{}", data.clips.size())},
      {"recordings of _not_", fmt::format("{}", data.rejected.size())},
      {"left out, unreadable", fmt::format("{}", windows.problems.size())},
      {"without a loud window", fmt::format("{}", quiet)},
      {"bank", fmt::format("{} windows of {} recordings", bank.size(), bank.recordings.size())}};
  return report;
}

void add_figures(Report& report, const TaughtLabels& taught, const TaughtHead& head) {
  for (std::size_t row = 0; row < taught.rows.size(); ++row) {
    Report::TaughtLabel& label = report.taught[row];
    label.threshold = head.thresholds[taught.rows[row]];
    label.own = head.unheard[row].own;
    label.others = head.unheard[row].others;
    label.negatives = head.unheard[row].negatives;
  }
}

void write_teach_report(const Report& report, const std::filesystem::path& directory) {
  const std::string html = render_html(report);
  write_file_atomically(directory / "report.html", std::string_view(html));
  const std::string json = json_text(report_json(report));
  write_file_atomically(directory / "report.json", std::string_view(json));
}

}  // namespace earshot
