#include "train/teaching/WindowEmbeddings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/base/ReadFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/inference/NetworkPlan.h"
#include "train/data/SoundFiles.h"
#include "train/data/SoundHash.h"
#include "train/data/Workers.h"
#include "train/samples/FeatureCache.h"

namespace earshot {
namespace {

constexpr std::size_t kAtOnce = 32;  ///< windows whose features are held

/// One clip's windows and their embeddings.
struct Embedded {
  std::vector<EmbeddedWindow> windows;
  std::vector<float> values;
};

/// One worker's tools.
class Embedder {
 public:
  Embedder(const Base& base, const WantedWindows& wanted)
      : wanted_(wanted),
        recipe_(base.model.recipe),
        extractor_(recipe_),
        plan_(base.trunk, 1),
        width_(base.width) {}

  Embedded embed(std::vector<float> samples) {
    const auto window_samples = static_cast<std::size_t>(recipe_.window_samples);
    const std::vector<std::uint64_t> starts = loud_window_starts(samples, recipe_, wanted_.under_loudest_db);
    const auto window_at = [&](std::span<const float> sound, std::uint64_t start) {
      return sound.subspan(static_cast<std::size_t>(start), window_samples);
    };
    Embedded embedded;
    for (std::size_t gain = 0; gain < wanted_.gains_db.size(); ++gain) {
      std::vector<float> heard = samples;
      const auto factor = static_cast<float>(std::pow(10.0, wanted_.gains_db[gain] / 20.0));
      if (factor != 1.0F) std::ranges::transform(heard, heard.begin(), [&](float sample) { return sample * factor; });
      extractor_.reset();
      for (const std::uint64_t start : starts) {
        const std::size_t size = recipe_.shape().size();
        features_.resize((waiting_ + 1) * size);
        extractor_.extract_window(window_at(heard, start), start,
                                  std::span(features_).subspan(waiting_ * size));
        embedded.windows.push_back({0, static_cast<int>(gain), start});
        if (++waiting_ == kAtOnce) run(embedded.values);
      }
    }
    run(embedded.values);
    return embedded;
  }

 private:
  void run(std::vector<float>& values) {
    if (waiting_ == 0) return;
    const std::size_t before = values.size();
    values.resize(before + waiting_ * width_);
    if (!plan_.run(features_, std::span(values).subspan(before)))
      throw Error(ExitCode::unavailable, "the base cannot be run: oneDNN refused");
    waiting_ = 0;
    features_.clear();
  }

  WantedWindows wanted_;
  const FeatureRecipe& recipe_;
  FeatureExtractor extractor_;
  NetworkPlan plan_;
  std::size_t width_;
  std::vector<float> features_;  // of windows that wait to be embedded
  std::size_t waiting_ = 0;
};

// What is kept of a clip: gain and place of each of its windows, then their embeddings.
constexpr std::size_t kNumbersOfWindow = 2;

std::vector<float> kept_form(const Embedded& embedded, std::uint64_t step) {
  std::vector<float> kept;
  for (const EmbeddedWindow& window : embedded.windows) {
    kept.insert(kept.end(), {static_cast<float>(window.gain), static_cast<float>(window.start_sample / step)});
  }
  kept.insert(kept.end(), embedded.values.begin(), embedded.values.end());
  return kept;
}

Embedded from_kept(std::span<const float> kept, std::size_t width, std::uint64_t step) {
  const std::size_t windows = kept.size() / (kNumbersOfWindow + width);
  Embedded embedded;
  for (std::size_t i = 0; i < windows; ++i) {
    const std::span<const float> numbers = kept.subspan(i * kNumbersOfWindow, kNumbersOfWindow);
    embedded.windows.push_back({0, static_cast<int>(numbers[0]), static_cast<std::uint64_t>(numbers[1]) * step});
  }
  const std::span<const float> values = kept.subspan(windows * kNumbersOfWindow, windows * width);
  embedded.values.assign(values.begin(), values.end());
  return embedded;
}

/// What tells embeddings of this base, at these gains, by this program's arithmetic from all others.
std::string maker_of(const Base& base, const WantedWindows& wanted) {
  KeyedRandom random(0);
  std::vector<float> noise(static_cast<std::size_t>(base.model.recipe.window_samples));
  for (float& sample : noise) sample = static_cast<float>(random.uniform(-0.5, 0.5));
  constexpr std::array kAsItIs{0.0};
  const Embedded probe = Embedder(base, {.gains_db = kAsItIs}).embed(noise);
  SoundHash hash;
  hash.update(probe.values);
  return fmt::format(
      "loud windows 3, {}, {}{}, {}", base.digest, fmt::join(wanted.gains_db, " "),
      wanted.under_loudest_db == kUnderLoudestDb ? "" : fmt::format(" -{}", wanted.under_loudest_db),
      hash.value());
}

struct Outcome {
  std::optional<FeatureSet::Problem> problem;
  std::vector<std::string> damages;
  std::uint64_t bad_samples = 0;
  bool from_cache = false;
  Embedded embedded;
};

/// The work on one set.
class Embedding {
 public:
  Embedding(std::span<const std::filesystem::path> files, const Base& base, const WantedWindows& wanted,
            const FeatureLoading& loading)
      : files_(files), base_(base), wanted_(wanted), loading_(loading), outcomes_(files.size()) {
    if (loading.cache) cache_.emplace(*loading.cache, base.model.recipe, maker_of(base, wanted));
  }

  WindowEmbeddings run() {
    const auto new_worker = [this] {
      const auto embedder = std::make_shared<Embedder>(base_, wanted_);
      return [this, embedder](std::size_t i) { outcomes_[i] = read(*embedder, i); };
    };
    std::function<bool(std::size_t)> progress;
    if (loading_.progress) {
      progress = [this](std::size_t done) { return loading_.progress(done, files_.size()); };
    }
    set_.complete = work_on_items(files_.size(), loading_.threads, new_worker, progress);
    if (set_.complete) gather();
    return std::move(set_);
  }

 private:
  Outcome read(Embedder& embedder, std::size_t i) {
    try {
      return read(embedder, files_[i]);
    } catch (const Error& error) {
      if (error.code() == ExitCode::software || error.code() == ExitCode::unavailable) throw;
      return {FeatureSet::Problem{i, error.code(), error.what()}, {}, 0, false, {}};
    }
  }

  Outcome read(Embedder& embedder, const std::filesystem::path& path) {
    const std::uint64_t step = step_samples(base_.model.recipe);
    expect_file(path);
    const std::string sha256 = sha256_of_file(path, "an audio file");
    Outcome outcome;
    std::vector<float> kept;
    const auto entry = cache_ ? cache_->load(sha256, kept) : std::nullopt;
    if (entry) {
      outcome.bad_samples = entry->bad_samples;
      outcome.embedded = from_kept(kept, base_.width, step);
      outcome.from_cache = true;
      return outcome;
    }
    Clip clip = load_clip(path, base_.model.recipe.rate_hz);
    for (const SoundDamage& damage : clip.damages) outcome.damages.push_back(damage.line);
    outcome.bad_samples = clip.bad_samples;
    outcome.embedded = embedder.embed(std::move(clip.samples));
    if (cache_ && outcome.damages.empty())
      keep(sha256, {.bad_samples = clip.bad_samples}, kept_form(outcome.embedded, step));
    return outcome;
  }

  /// A full disk does not make the embeddings wrong.
  void keep(const std::string& sha256, const FeatureCache::Entry& entry, const std::vector<float>& values) {
    try {
      cache_->store(sha256, entry, values);
    } catch (const Error& error) {
      const std::lock_guard lock(cache_problem_mutex_);
      if (set_.cache_problem.empty()) set_.cache_problem = error.what();
    }
  }

  void gather() {
    set_.width = base_.width;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      Outcome& outcome = outcomes_[i];
      if (outcome.problem) {
        set_.problems.push_back(*std::move(outcome.problem));
        continue;
      }
      for (EmbeddedWindow& window : outcome.embedded.windows) {
        window.clip = i;
        set_.windows.push_back(window);
      }
      set_.values.insert(set_.values.end(), outcome.embedded.values.begin(), outcome.embedded.values.end());
      outcome.embedded = {};
      std::ranges::move(outcome.damages, std::back_inserter(set_.damages));
      set_.bad_samples += outcome.bad_samples;
      set_.from_cache += outcome.from_cache ? 1 : 0;
    }
  }

  std::span<const std::filesystem::path> files_;
  const Base& base_;
  WantedWindows wanted_;
  const FeatureLoading& loading_;
  std::optional<FeatureCache> cache_;
  WindowEmbeddings set_;

  std::mutex cache_problem_mutex_;
  std::vector<Outcome> outcomes_;  // each element by the worker that took it
};

}  // namespace

WindowEmbeddings embed_files(std::span<const std::filesystem::path> files, const Base& base,
                             const WantedWindows& wanted, const FeatureLoading& loading) {
  return Embedding(files, base, wanted, loading).run();
}

}  // namespace earshot
