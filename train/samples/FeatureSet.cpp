#include "train/samples/FeatureSet.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>
#include <numeric>
#include <utility>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/ReadFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "dsp/spectrum/Decibel.h"
#include "train/data/SoundFiles.h"
#include "train/data/SoundHash.h"
#include "train/data/Workers.h"
#include "train/samples/FeatureCache.h"
#include "train/samples/KeptWindows.h"
#include "train/samples/LoudWindows.h"
#include "train/samples/StreamedFeatures.h"

namespace earshot {

std::span<const float> FeatureSet::image(std::size_t i, std::vector<float>& room) const {
  if (!streamed) return image(i);
  room.resize(shape.size());
  streamed->read(i, room);
  if (streamed_mean != 0.0 || streamed_deviation != 1.0) {
    normalise_levels(room, static_cast<float>(streamed_mean), static_cast<float>(streamed_deviation));
  }
  return room;
}

std::size_t FeatureSet::clip_count() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i) count += begins_clip(i) ? 1 : 0;
  return count;
}

FeatureSet unread_features(std::vector<std::filesystem::path> files, std::vector<int> labels,
                           const FeatureRecipe& recipe) {
  const auto streamed = std::make_shared<StreamedFeatures>(recipe, nullptr);
  for (const auto& file : files) streamed->add({file, {}});
  FeatureSet set;
  set.shape = recipe.shape();
  set.clips.resize(files.size());
  std::iota(set.clips.begin(), set.clips.end(), std::size_t{0});
  set.labels = std::move(labels);
  set.files = std::move(files);
  set.streamed = streamed;
  return set;
}

std::vector<std::size_t> clips_of_labels(const FeatureSet& clips, std::size_t classes) {
  std::vector<std::size_t> counts(classes, 0);
  for (const int label : clips.labels) {
    if (label != kBackground) ++counts.at(static_cast<std::size_t>(label));
  }
  for (const std::vector<int>& further : clips.also) {
    for (const int label : further) ++counts.at(static_cast<std::size_t>(label));
  }
  return counts;
}

namespace {

/// What became of one clip.
struct Outcome {
  std::optional<FeatureSet::Problem> problem;
  FeatureCache::Entry entry;
  std::vector<std::string> damages;
  bool from_cache = false;
  std::string sha256;  ///< of the file's bytes
  std::vector<float> windows;  ///< as KeptWindows reads it
};

/// One worker's tools.
class ClipReader {
 public:
  ClipReader(const FeatureRecipe& recipe, FeatureCache* cache, std::string& cache_problem, std::mutex& mutex)
      : extractor_(recipe), cache_(cache), cache_problem_(cache_problem), mutex_(mutex) {}

  /// Whole, into `features`.
  Outcome read(const std::filesystem::path& path, std::span<float> features) {
    return read(
        path, [&](const std::string& sha256) { return cache_->load(sha256, features); },
        [&](const Clip& clip, Outcome&) {
          extractor_.extract_clip(clip.samples, features);
          return std::span<const float>(features);
        });
  }

  /// Its loud windows.
  Outcome read_windows(const std::filesystem::path& path) {
    std::vector<float> kept;
    Outcome outcome = read(
        path, [&](const std::string& sha256) { return cache_->load(sha256, kept); },
        [&](const Clip& clip, Outcome& made) {
          made.windows = windows_of(clip.samples);
          return std::span<const float>(made.windows);
        });
    if (outcome.from_cache) outcome.windows = std::move(kept);
    return outcome;
  }

 private:
  template <typename Load, typename Make>
  Outcome read(const std::filesystem::path& path, const Load& load, const Make& make) {
    expect_file(path);
    Outcome outcome;
    outcome.sha256 = sha256_of_file(path, "an audio file");
    if (cache_) {
      if (const auto entry = load(outcome.sha256)) {
        outcome.entry = *entry;
        outcome.from_cache = true;
        return outcome;
      }
    }
    const Clip clip = load_clip(path, extractor_.recipe().rate_hz);
    SoundHash sound;
    sound.update(clip.samples);
    outcome.entry = {clip.bad_samples, sound.value()};
    const std::span<const float> features = make(clip, outcome);
    for (const SoundDamage& damage : clip.damages) outcome.damages.push_back(damage.line);
    // What is damaged is named each time, so it is read each time.
    if (cache_ && outcome.damages.empty()) keep(outcome.sha256, outcome.entry, features);
    return outcome;
  }

  std::vector<float> windows_of(std::vector<float> samples) {
    const FeatureRecipe& recipe = extractor_.recipe();
    const std::vector<std::uint64_t> starts = loud_window_starts(samples, recipe);
    std::vector<float> windows{static_cast<float>(starts.size())};
    for (const std::uint64_t start : starts)
      windows.push_back(static_cast<float>(start / step_samples(recipe)));
    const std::size_t size = recipe.shape().size();
    const auto window = static_cast<std::size_t>(recipe.window_samples);
    extractor_.reset();
    for (const std::uint64_t start : starts) {
      windows.resize(windows.size() + size);
      extractor_.extract_window(std::span(samples).subspan(static_cast<std::size_t>(start), window), start,
                                std::span(windows).last(size));
    }
    return windows;
  }

  /// A full disk does not make the features wrong.
  void keep(const std::string& digest, const FeatureCache::Entry& entry, std::span<const float> features) {
    try {
      cache_->store(digest, entry, features);
    } catch (const Error& error) {
      const std::lock_guard lock(mutex_);
      if (cache_problem_.empty()) cache_problem_ = error.what();
    }
  }

  FeatureExtractor extractor_;
  FeatureCache* cache_;
  std::string& cache_problem_;
  std::mutex& mutex_;
};

/// The loading of one set: workers take the next clip until none is left.
class Loader {
 public:
  Loader(const DataSet& data, std::span<const std::size_t> which, const FeatureRecipe& recipe,
         const FeatureLoading& loading)
      : data_(data), which_(which), recipe_(recipe), loading_(loading), outcomes_(which.size()) {
    if (loading.cache) {
      cache_ = recipe.clip == ClipFit::windows
                   ? std::make_shared<FeatureCache>(*loading.cache, recipe, "loud windows 1")
                   : std::make_shared<FeatureCache>(*loading.cache, recipe);
    }
    set_.shape = recipe.shape();
    by_windows_ = recipe.clip == ClipFit::windows;
    streams_ = !by_windows_ && which.size() * set_.shape.size() * sizeof(float) > loading.most_bytes;
    if (!streams_ && !by_windows_) set_.images.resize(which.size() * set_.shape.size());
  }

  FeatureSet run() {
    const auto new_worker = [this] {
      const auto reader =
          std::make_shared<ClipReader>(recipe_, cache_.get(), set_.cache_problem, cache_problem_mutex_);
      return [this, reader, passing = std::vector<float>(streams_ ? set_.shape.size() : 0)](
                 std::size_t i) mutable { outcomes_[i] = read(*reader, i, passing); };
    };
    std::function<bool(std::size_t)> progress;
    if (loading_.progress) {
      progress = [this](std::size_t done) { return loading_.progress(done, which_.size()); };
    }
    set_.complete = work_on_items(which_.size(), loading_.threads, new_worker, progress);
    if (set_.complete) gather();
    return std::move(set_);
  }

 private:
  /// A clip that is missing or broken is listed; anything else ends the work.
  Outcome read(ClipReader& reader, std::size_t i, std::span<float> passing) {
    const std::filesystem::path& path = data_.clips.at(which_[i]).path;
    const std::size_t size = set_.shape.size();
    try {
      if (by_windows_) return held(reader.read_windows(path));
      return reader.read(path, streams_ ? passing : std::span(set_.images).subspan(i * size, size));
    } catch (const Error& error) {
      if (error.code() == ExitCode::software) throw;
      return {FeatureSet::Problem{which_[i], error.code(), error.what()}, {}, {}, false, {}, {}};
    }
  }

  /// How many windows there are shows only now: of what would be too much just their places are held.
  Outcome held(Outcome outcome) {
    held_bytes_ += outcome.windows.size() * sizeof(float);
    if (held_bytes_ > loading_.most_bytes) {
      outcome.windows.resize(1 + KeptWindows(outcome.windows, recipe_).starts.size());
      outcome.windows.shrink_to_fit();
    }
    return outcome;
  }

  void gather() {
    if (by_windows_) streams_ = held_bytes_ > loading_.most_bytes;
    const auto streamed = std::make_shared<StreamedFeatures>(recipe_, cache_);
    for (std::size_t i = 0; i < which_.size(); ++i) {
      Outcome& outcome = outcomes_[i];
      if (outcome.problem) {
        set_.problems.push_back(*std::move(outcome.problem));
        continue;
      }
      by_windows_ ? add_windows(i, outcome, *streamed) : add_clip(i, outcome, *streamed);
      count(outcome);
      outcome = {};
    }
    if (std::ranges::all_of(set_.also, &std::vector<int>::empty)) set_.also.clear();
    if (streams_) {
      set_.streamed = streamed;
    } else {
      set_.images.resize(set_.size() * set_.shape.size());
    }
  }

  /// Closes the hole that an unreadable clip before it left.
  void add_clip(std::size_t i, const Outcome& outcome, StreamedFeatures& streamed) {
    const std::size_t size = set_.shape.size();
    const std::size_t at = set_.size();
    add_entry(i, outcome);
    streamed.add({data_.clips[which_[i]].path, outcome.sha256});
    if (!streams_ && at != i) std::copy_n(&set_.images[i * size], size, &set_.images[at * size]);
  }

  void add_windows(std::size_t i, const Outcome& outcome, StreamedFeatures& streamed) {
    const KeptWindows windows(outcome.windows, recipe_);
    if (windows.starts.empty()) set_.quiet.push_back(which_[i]);
    for (std::size_t k = 0; k < windows.starts.size(); ++k) {
      add_entry(i, outcome);
      set_.starts.push_back(windows.starts[k]);
      streamed.add({data_.clips[which_[i]].path, outcome.sha256, windows.starts[k]});
      if (streams_) continue;
      const std::span<const float> features = windows.features(k);
      set_.images.insert(set_.images.end(), features.begin(), features.end());
    }
  }

  void count(Outcome& outcome) {
    set_.bad_samples += outcome.entry.bad_samples;
    std::ranges::move(outcome.damages, std::back_inserter(set_.damages));
    set_.from_cache += outcome.from_cache ? 1 : 0;
  }

  void add_entry(std::size_t i, const Outcome& outcome) {
    const LabelledClip& clip = data_.clips[which_[i]];
    set_.contents.push_back(std::stoull(outcome.sha256.substr(0, 16), nullptr, 16));
    set_.labels.push_back(clip.label);
    set_.clips.push_back(which_[i]);
    set_.sounds.push_back(outcome.entry.sound);
    set_.also.push_back(clip.also);
    set_.files.push_back(clip.path);
  }

  const DataSet& data_;
  std::span<const std::size_t> which_;
  const FeatureRecipe& recipe_;
  const FeatureLoading& loading_;
  std::shared_ptr<FeatureCache> cache_;
  bool by_windows_ = false;
  bool streams_ = false;
  std::atomic<std::size_t> held_bytes_ = 0;  ///< of windows
  FeatureSet set_;

  std::mutex cache_problem_mutex_;
  std::vector<Outcome> outcomes_;  // each element by the worker that took it
};

}  // namespace

FeatureSet load_features(const DataSet& data, std::span<const std::size_t> which, const FeatureRecipe& recipe,
                         const FeatureLoading& loading) {
  validate(recipe);
  return Loader(data, which, recipe, loading).run();
}

}  // namespace earshot
