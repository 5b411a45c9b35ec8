#include "train/commands/LoadClips.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <unordered_map>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/Terminal.h"
#include "train/commands/Tell.h"
#include "train/samples/CacheLimit.h"
#include "train/samples/FeatureCache.h"

namespace earshot {
namespace {

const std::chrono::system_clock::time_point kProcessStart = std::chrono::system_clock::now();

std::string size_text(std::uintmax_t bytes) {
  constexpr std::uintmax_t kGib = std::uintmax_t{1} << 30U;
  const auto in = [bytes](std::uintmax_t unit) {
    return static_cast<double>(bytes) / static_cast<double>(unit);
  };
  return bytes < kGib ? fmt::format("{:.1f} MiB", in(kGib >> 10U)) : fmt::format("{:.1f} GiB", in(kGib));
}

}  // namespace

DataSet open_data_set(const std::filesystem::path& directory, bool strict, std::size_t least_classes) {
  DataSet data = read_data_set(directory, least_classes);
  for (const std::string& problem : data.problems) {
    if (strict) throw Error(ExitCode::bad_data, problem);
    tell("data set: " + problem);
  }
  return data;
}

void warn_of_shared_sounds(const DataSet& data, const FeatureSet& train, const FeatureSet& validation) {
  constexpr std::size_t kMostLines = 8;
  std::unordered_map<std::uint64_t, std::size_t> trained;  // sound -> clip
  for (std::size_t i = 0; i < train.size(); ++i) trained.try_emplace(train.sounds[i], train.clips[i]);
  std::size_t shared = 0;
  for (std::size_t i = 0; i < validation.size(); ++i) {
    if (!validation.begins_clip(i)) continue;
    const auto twin = trained.find(validation.sounds[i]);
    if (twin == trained.end() || ++shared > kMostLines) continue;
    tell(fmt::format("{}: validates with the very sound of {}, which trains",
                     data.clips[validation.clips[i]].path.string(), data.clips[twin->second].path.string()));
  }
  if (shared > kMostLines) {
    tell(fmt::format("and {} validation clips more ('trainer data' lists all)", shared - kMostLines));
  }
}

namespace {

/// What both kinds of loading say: features, embeddings.
class LoadingTold {
 public:
  LoadingTold(const ClipLoading& loading, std::string product, const StopSignal& stop)
      : loading_(loading), product_(std::move(product)), stop_(stop) {}

  FeatureLoading how() const {
    FeatureLoading how;
    how.threads = loading_.threads;
    how.cache = default_feature_cache();
    how.most_bytes = loading_.most_bytes;
    how.progress = [this](std::size_t done, std::size_t total) {
      if (live_)
        std::cerr << fmt::format("\r\x1b[K{}: {} {}/{}", loading_.what, product_, done, total) << std::flush;
      return stop_.received() == 0;
    };
    return how;
  }

  /// Of a FeatureSet or WindowEmbeddings of so many clips. Whether it is complete.
  bool finish(const auto& loaded, std::size_t clips, const std::string& further) const {
    if (live_) std::cerr << "\r\x1b[K";
    if (!loaded.complete) {
      tell(loading_.what + ": interrupted; " + product_ + " that were ready are kept");
      return false;
    }
    for (const FeatureSet::Problem& problem : loaded.problems) {
      if (loading_.strict) throw Error(problem.code, problem.line);
      tell("left out: " + problem.line);
    }
    for (const std::string& damage : loaded.damages) tell(damage);
    if (!loaded.cache_problem.empty()) tell(product_ + " are not kept: " + loaded.cache_problem);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    std::string line = fmt::format("{}: {} of {} in {:.1f} s, {} of them kept from before{}", loading_.what, product_,
                                   clips, passed.count(), loaded.from_cache, further);
    if (!loaded.problems.empty()) line += fmt::format(", {} left out", loaded.problems.size());
    if (loaded.bad_samples > 0)
      line += fmt::format(", {} NaN, infinite or absurdly loud samples taken as 0", loaded.bad_samples);
    tell(line);
    return true;
  }

 private:
  const ClipLoading& loading_;
  std::string product_;
  const StopSignal& stop_;
  bool live_ = terminal_of(STDERR_FILENO).live;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

FeatureSet load_clips(const DataSet& data, std::span<const std::size_t> which, const FeatureRecipe& recipe,
                      const ClipLoading& loading, const StopSignal& stop) {
  const LoadingTold told(loading, "features", stop);
  FeatureSet features = load_features(data, which, recipe, told.how());
  std::string further = features.streamed ? ", read from there as they are needed" : "";
  if (recipe.clip == ClipFit::windows) further += fmt::format(", {} loud windows", features.size());
  if (!told.finish(features, features.clip_count() + features.quiet.size(), further)) return features;
  for (const std::size_t clip : features.quiet)
    tell(data.clips[clip].path.string() + ": found no window of -60 dBFS or more: nothing of it is heard");
  if (features.size() == 0 && features.quiet.empty()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found none of {} {} that can be read, expected at least one",
                            data.directory.string(), which.size(), loading.what));
  }
  return features;
}

WindowEmbeddings embed_clips(std::span<const std::filesystem::path> files, const Base& base,
                             const WantedWindows& wanted, const ClipLoading& loading,
                             const StopSignal& stop) {
  const LoadingTold told(loading, "embeddings", stop);
  WindowEmbeddings windows = embed_files(files, base, wanted, told.how());
  told.finish(windows, files.size() - windows.problems.size(),
              fmt::format(", {} loud windows at {} gain{}", windows.windows.size() / wanted.gains_db.size(),
                          wanted.gains_db.size(), wanted.gains_db.size() > 1 ? "s each" : ""));
  return windows;
}

void limit_kept_features() {
  const std::optional<std::filesystem::path> directory = default_feature_cache();
  if (!directory) return;
  const std::uintmax_t most_bytes = feature_cache_limit(*directory);
  const CacheSize size = limit_cache(*directory, most_bytes, kProcessStart);
  if (size.bytes == 0) return;
  std::string line = fmt::format("features are kept in {}: {}", directory->string(), size_text(size.bytes));
  const std::string most = size_text(most_bytes);
  line += size.bytes <= most_bytes ? fmt::format(" of at most {}", most)
                                   : fmt::format(", beyond {} as long as they are in use", most);
  if (size.removed > 0) line += fmt::format(", {} removed that were unused for longest", size.removed);
  tell(line);
}

}  // namespace earshot
