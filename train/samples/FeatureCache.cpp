#include "train/samples/FeatureCache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "dsp/audio/Resampler.h"
#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/base/Sha256.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/model/ModelJson.h"
#include "train/data/SoundHash.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

// An entry: the SHA-256 of what follows, bad_samples, sound, the features as they lie in memory.
constexpr std::size_t kDigestBytes = 64;
constexpr std::size_t kHeaderBytes = kDigestBytes + 2 * sizeof(std::uint64_t);

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// Features of a second of noise at a rate that has to be converted.
std::vector<float> probe(const FeatureRecipe& recipe) {
  const int from_hz = recipe.rate_hz == 48000 ? 44100 : 48000;
  KeyedRandom random(0);
  std::vector<float> noise(static_cast<std::size_t>(from_hz));
  for (float& sample : noise) sample = static_cast<float>(random.uniform(-0.5, 0.5));
  std::vector<float> features(recipe.shape().size());
  FeatureExtractor(recipe).extract_clip(resample(noise, from_hz, recipe.rate_hz), features);
  return features;
}

/// Raised whenever a file is read as other samples than before.
constexpr std::string_view kDecoding = "decoding 2";

/// Of all that an entry comes from: the recipe, the code that makes features of it, the code that hashes
/// sounds, what is made of the features.
std::string key_of(const FeatureRecipe& recipe, std::string_view maker) {
  const std::vector<float> features = probe(recipe);
  SoundHash sound;
  sound.update(features);
  Sha256 hash;
  hash.update(kDecoding);
  hash.update(format_recipe(recipe));
  hash.update(bytes_of(features));
  hash.update(std::to_string(sound.value()));
  hash.update(maker);
  return hash.hex();
}

}  // namespace

std::optional<fs::path> default_feature_cache() {
  const fs::path below = fs::path("earshot") / "features";
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && fs::path(cache).is_absolute())
    return cache / below;  // the specification: ignore relative ones
  const char* home = std::getenv("HOME");
  if (home && fs::path(home).is_absolute()) return home / fs::path(".cache") / below;
  return std::nullopt;
}

FeatureCache::FeatureCache(const fs::path& directory, const FeatureRecipe& recipe)
    : FeatureCache(directory, recipe, {}) {}

FeatureCache::FeatureCache(const fs::path& directory, const FeatureRecipe& recipe, std::string_view maker)
    : directory_(directory / key_of(recipe, maker)) {}

fs::path FeatureCache::path_of(const std::string& clip_sha256) const {
  return directory_ / clip_sha256;
}

std::optional<FeatureCache::Entry> FeatureCache::load(const std::string& clip_sha256,
                                                      std::span<float> features) const {
  const fs::path path = path_of(clip_sha256);
  std::error_code absent;
  if (fs::file_size(path, absent) != kHeaderBytes + features.size_bytes() || absent) return std::nullopt;

  std::ifstream file(path, std::ios::binary);
  char header[kHeaderBytes];
  file.read(header, sizeof header);
  file.read(reinterpret_cast<char*>(features.data()), static_cast<std::streamsize>(features.size_bytes()));
  if (!file) return std::nullopt;

  Sha256 hash;
  hash.update({header + kDigestBytes, kHeaderBytes - kDigestBytes});
  hash.update(bytes_of(features));
  if (hash.hex() != std::string_view(header, kDigestBytes)) return std::nullopt;
  Entry entry;
  std::memcpy(&entry.bad_samples, header + kDigestBytes, sizeof entry.bad_samples);
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // used now; CacheLimit goes by it
  std::memcpy(&entry.sound, header + kDigestBytes + sizeof entry.bad_samples, sizeof entry.sound);
  return entry;
}

std::optional<FeatureCache::Entry> FeatureCache::load(const std::string& clip_sha256,
                                                      std::vector<float>& values) const {
  std::error_code absent;
  const std::uintmax_t bytes = fs::file_size(path_of(clip_sha256), absent);
  if (absent || bytes < kHeaderBytes) return std::nullopt;
  values.resize((bytes - kHeaderBytes) / sizeof(float));
  return load(clip_sha256, std::span<float>(values));
}

void FeatureCache::make_directory() const {
  std::error_code failed;
  fs::create_directories(directory_, failed);
  if (failed)
    throw Error(ExitCode::io, directory_.string() + ": cannot make this directory: " + failed.message());
}

void FeatureCache::store(const std::string& clip_sha256, const Entry& entry,
                         std::span<const float> features) {
  std::string body(reinterpret_cast<const char*>(&entry.bad_samples), sizeof entry.bad_samples);
  body.append(reinterpret_cast<const char*>(&entry.sound), sizeof entry.sound);
  body += bytes_of(features);
  const std::string bytes = sha256_of(body) + body;

  const std::lock_guard lock(writing_);
  make_directory();
  write_file_unsynced(path_of(clip_sha256), bytes);  // its digest tells a torn one
}

}  // namespace earshot
