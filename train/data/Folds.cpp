#include "train/data/Folds.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

#include "dsp/base/Draw.h"
#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"

namespace earshot {
namespace {

constexpr int kValidationShare = 5;  // a fifth

/// Clips that stay together.
struct Recording {
  std::vector<std::size_t> clips;                            // positions in the pool
  std::vector<std::pair<std::size_t, std::size_t>> classes;  // class, clips of it
};

/// Background is the class after the last.
std::vector<std::size_t> classes_of(const DataSet& data, const LabelledClip& clip) {
  if (clip.background()) return {data.labels.size()};
  std::vector<std::size_t> classes;
  for (const int label : clip.labels()) classes.push_back(static_cast<std::size_t>(label));
  return classes;
}

std::vector<Recording> recordings_of(const DataSet& data, std::span<const std::size_t> pool) {
  std::vector<Recording> recordings;
  std::unordered_map<int, std::size_t> by_group;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const LabelledClip& clip = data.clips[pool[i]];
    std::size_t at = recordings.size();
    if (clip.group >= 0) at = by_group.try_emplace(clip.group, at).first->second;
    if (at == recordings.size()) recordings.emplace_back();
    Recording& recording = recordings[at];
    recording.clips.push_back(i);
    for (const std::size_t label : classes_of(data, clip)) {
      const auto known =
          std::ranges::find(recording.classes, label, &std::pair<std::size_t, std::size_t>::first);
      if (known == recording.classes.end()) {
        recording.classes.emplace_back(label, 1);
      } else {
        ++known->second;
      }
    }
  }
  return recordings;
}

/// Shuffled, then the largest first.
void order_for_dealing(std::vector<Recording>& recordings, std::uint32_t seed) {
  KeyedRandom random(derive_key(seed, 0x666F'6C64));  // "fold"
  shuffle(std::span(recordings), random);
  std::ranges::stable_sort(recordings, std::ranges::greater{},
                           [](const Recording& recording) { return recording.clips.size(); });
}

/// The fold, from 0, of each position in the pool.
std::vector<int> deal(const DataSet& data, std::vector<Recording> recordings, std::size_t clips, int folds,
                      std::uint32_t seed) {
  order_for_dealing(recordings, seed);
  const std::size_t classes = data.labels.size() + 1;
  std::vector<double> total(classes, 0.0);
  for (const Recording& recording : recordings) {
    for (const auto& [label, count] : recording.classes) total[label] += static_cast<double>(count);
  }
  std::vector<std::vector<double>> held(static_cast<std::size_t>(folds), std::vector<double>(classes, 0.0));
  std::vector<std::size_t> sizes(static_cast<std::size_t>(folds), 0);
  std::vector<int> fold_of(clips, 0);
  for (const Recording& recording : recordings) {
    // By how much the squared shares of its classes would grow there; at equal growth, the smallest fold.
    const auto cost = [&](std::size_t fold) {
      double growth = 0.0;
      for (const auto& [label, count] : recording.classes) {
        const double more = static_cast<double>(count);
        growth += more * (2.0 * held[fold][label] + more) / (total[label] * total[label]);
      }
      return std::pair(growth, sizes[fold]);
    };
    std::size_t best = 0;
    auto least = cost(0);
    for (std::size_t fold = 1; fold < held.size(); ++fold) {
      if (const auto here = cost(fold); here < least) {
        best = fold;
        least = here;
      }
    }
    for (const auto& [label, count] : recording.classes) held[best][label] += static_cast<double>(count);
    sizes[best] += recording.clips.size();
    for (const std::size_t clip : recording.clips) fold_of[clip] = static_cast<int>(best);
  }
  return fold_of;
}

/// What validating on a fold would give.
struct FoldFigures {
  std::size_t lost = 0;   ///< classes with nothing left to train on
  std::size_t clear = 0;  ///< classes that it validates and others train

  bool better_than(const FoldFigures& other) const {
    return clear != other.clear ? clear > other.clear : lost < other.lost;
  }
};

FoldFigures figures_of(const DataSet& data, std::span<const std::size_t> pool, std::span<const int> fold_of,
                       int fold) {
  std::vector<bool> inside(data.labels.size() + 1, false);
  std::vector<bool> outside(data.labels.size() + 1, false);
  for (std::size_t i = 0; i < pool.size(); ++i) {
    for (const std::size_t label : classes_of(data, data.clips[pool[i]])) {
      (fold_of[i] == fold ? inside : outside)[label] = true;
    }
  }
  FoldFigures figures;
  for (std::size_t label = 0; label < inside.size(); ++label) {
    if (inside[label]) ++(outside[label] ? figures.clear : figures.lost);
  }
  return figures;
}

/// Takes the recordings of classes that nothing else trains out of the fold.
void release_lost(const DataSet& data, std::span<const std::size_t> pool, std::vector<int>& fold_of,
                  int fold) {
  std::vector<bool> trains(data.labels.size() + 1, false);
  for (std::size_t i = 0; i < pool.size(); ++i) {
    if (fold_of[i] == fold) continue;
    for (const std::size_t label : classes_of(data, data.clips[pool[i]])) trains[label] = true;
  }
  for (const Recording& recording : recordings_of(data, pool)) {
    const bool lost =
        std::ranges::any_of(recording.classes, [&](const auto& of) { return !trains[of.first]; });
    if (!lost) continue;
    for (const std::size_t clip : recording.clips) fold_of[clip] = kValidationShare;
  }
}

}  // namespace

std::vector<int> assign_folds(const DataSet& data, int folds, std::uint32_t seed) {
  if (folds < 2) {
    throw Error(ExitCode::bad_data, "found " + std::to_string(folds) + " folds to make, expected 2 at least");
  }
  std::vector<std::size_t> pool;
  for (std::size_t i = 0; i < data.clips.size(); ++i) {
    if (data.clips[i].part == Part::train) pool.push_back(i);
  }
  std::vector<Recording> recordings = recordings_of(data, pool);
  if (recordings.size() < static_cast<std::size_t>(folds)) {
    throw Error(ExitCode::bad_data, data.directory.string() + ": found " + std::to_string(recordings.size()) +
                                        " recordings (clips of one are not parted), expected " +
                                        std::to_string(folds) + " at least, one for each fold");
  }
  const std::vector<int> fold_of = deal(data, std::move(recordings), pool.size(), folds, seed);
  std::vector<int> result(data.clips.size(), 0);
  for (std::size_t i = 0; i < pool.size(); ++i) result[pool[i]] = fold_of[i] + 1;
  return result;
}

Split grouped_split(const DataSet& data, std::span<const std::size_t> pool, std::uint32_t seed) {
  std::vector<Recording> recordings = recordings_of(data, pool);
  if (recordings.size() < 2) {
    throw Error(ExitCode::bad_data,
                data.directory.string() + ": found " + std::to_string(recordings.size()) +
                    " recordings (clips of one are not parted) to split, expected 2 at least");
  }
  std::vector<int> fold_of = deal(data, std::move(recordings), pool.size(), kValidationShare, seed);
  int best = 0;
  FoldFigures figures = figures_of(data, pool, fold_of, 0);
  for (int fold = 1; fold < kValidationShare; ++fold) {
    const FoldFigures here = figures_of(data, pool, fold_of, fold);
    if (!here.better_than(figures)) continue;
    best = fold;
    figures = here;
  }
  if (figures.lost > 0) release_lost(data, pool, fold_of, best);
  Split split;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    (fold_of[i] == best ? split.test : split.train).push_back(pool[i]);
  }
  if (split.test.empty()) {
    throw Error(ExitCode::bad_data, data.directory.string() +
                                        ": found no class with two recordings (clips of one are not parted), "
                                        "expected one at least to validate on");
  }
  return split;
}

}  // namespace earshot
