// CacheLimit: what was unused for longest goes, what is in use stays, and several processes may do it at
// once.
#include "train/samples/CacheLimit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dsp/base/Sha256.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/samples/FeatureCache.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::system_clock;

constexpr std::size_t kEntryBytes = 1000;
const std::string kRecipe(64, 'a');

fs::path entry(const TemporaryDirectory& directory, char name) {
  return directory / kRecipe / std::string(64, name);
}

void set_used(const fs::path& path, int hours_ago) {
  const auto then = Clock::now() - std::chrono::hours(hours_ago);
  const timespec time{Clock::to_time_t(then), 0};
  const timespec times[2] = {{0, UTIME_OMIT}, time};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

void add_entry(const TemporaryDirectory& directory, char name, int hours_ago) {
  directory.write(fs::path(kRecipe) / std::string(64, name), std::string(kEntryBytes, 'x'));
  set_used(entry(directory, name), hours_ago);
}

/// The first letters of the names of what is left.
std::set<std::string> left(const TemporaryDirectory& directory) {
  std::set<std::string> names;
  for (const auto& file : fs::recursive_directory_iterator(directory.path())) {
    if (file.is_regular_file()) names.insert(file.path().filename().string().substr(0, 1));
  }
  return names;
}

FeatureRecipe cached_recipe() {
  FeatureRecipe recipe;
  recipe.rate_hz = 8000;
  recipe.window_samples = 8000;
  recipe.fft_samples = 256;
  recipe.hop_samples = 250;
  recipe.mel_bands = 8;
  recipe.max_hz = 4000.0;
  recipe.image_height = 8;
  recipe.image_width = 8;
  return recipe;
}

}  // namespace

TEST_CASE("a cache beyond its limit loses what was unused for longest, just as much as it must") {
  const TemporaryDirectory directory;
  add_entry(directory, '1', 1);
  add_entry(directory, '5', 5);
  add_entry(directory, '3', 3);
  add_entry(directory, '4', 4);
  CHECK(limit_cache(directory.path(), 4 * kEntryBytes, Clock::now()).removed == 0);
  CHECK(left(directory) == std::set<std::string>{"1", "3", "4", "5"});
  const CacheSize size = limit_cache(directory.path(), 2 * kEntryBytes + 10, Clock::now());
  CHECK(size.removed == 2);
  CHECK(size.bytes == 2 * kEntryBytes);
  CHECK(left(directory) == std::set<std::string>{"1", "3"});
  CHECK(limit_cache(directory.path(), 0, Clock::now()).bytes == 0);
  CHECK(limit_cache(directory / "absent", 0, Clock::now()).bytes == 0);
}

TEST_CASE("what is in use stays, however large it is, and so does what is no entry") {
  const TemporaryDirectory directory;
  const auto start = Clock::now();
  add_entry(directory, '9', 9);
  add_entry(directory, '0', 0);
  directory.write(fs::path(kRecipe) / "notes.txt", "mine");
  directory.write("b/" + std::string(64, 'c'), "not below a recipe's directory");
  directory.write(fs::path(kRecipe) / (std::string(64, '8') + ".tmp123"), "what a killed process left");
  set_used(directory / kRecipe / (std::string(64, '8') + ".tmp123"), 48);
  const CacheSize size = limit_cache(directory.path(), 0, start);
  CHECK(size.removed == 2);
  CHECK(size.bytes == kEntryBytes);
  CHECK(left(directory) == std::set<std::string>{"0", "c", "n"});
}

TEST_CASE("an entry that is loaded counts as used now") {
  const TemporaryDirectory directory;
  FeatureCache cache(directory.path(), cached_recipe());
  const std::vector<float> features(cached_recipe().shape().size(), 0.5F);
  const std::string old = sha256_of("old");
  const std::string older = sha256_of("older");
  for (const std::string& clip : {old, older}) cache.store(clip, {}, features);
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator(directory.path())) {
    if (file.is_regular_file()) files.push_back(file.path());
  }
  REQUIRE(files.size() == 2);
  for (const fs::path& file : files) set_used(file, file.filename() == older ? 20 : 10);
  std::vector<float> read(features.size());
  REQUIRE(cache.load(older, read));
  const auto since = Clock::now() - std::chrono::hours(1);
  CHECK(limit_cache(directory.path(), fs::file_size(files[0]), since).removed == 1);
  CHECK_FALSE(cache.load(old, read));
  CHECK(cache.load(older, read));
}

TEST_CASE("entries are stored, loaded and removed at once by several trainers, and none is ever wrong") {
  const TemporaryDirectory directory;
  const std::size_t size = cached_recipe().shape().size();
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> trainers;
    for (int trainer = 0; trainer < 4; ++trainer) {
      trainers.emplace_back([&, trainer] {
        FeatureCache cache(directory.path(), cached_recipe());  // of its own, as another process has it
        std::vector<float> read(size);
        for (int round = 0; round < 60; ++round) {
          const int clip = (round * 7 + trainer) % 20;
          const std::string digest = sha256_of(std::to_string(clip));
          if (const auto found = cache.load(digest, read)) {
            wrong += read != std::vector<float>(size, static_cast<float>(clip)) ? 1 : 0;
          } else {
            cache.store(digest, {}, std::vector<float>(size, static_cast<float>(clip)));
          }
          if (round % 5 == 0) limit_cache(directory.path(), 0, Clock::now() + std::chrono::hours(1));
        }
      });
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("the limit is 8 GiB at most, also of a directory that is not there yet") {
  const TemporaryDirectory directory;
  const std::uintmax_t limit = feature_cache_limit(directory / "not/yet/there");
  CHECK(limit > 0);
  CHECK(limit <= std::uintmax_t{8} << 30U);
  CHECK(limit == feature_cache_limit(directory.path()));
}

}  // namespace earshot::test
