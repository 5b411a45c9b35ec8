// FeatureSet and FeatureCache: the same bits from any number of threads and from disk, and what becomes of
// broken clips.
#include "train/samples/FeatureSet.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "dsp/audio/AudioFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/data/SoundHash.h"
#include "train/samples/FeatureCache.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;

/// Small, so that the tests are quick under sanitizers.
FeatureRecipe small_recipe() {
  FeatureRecipe recipe;
  recipe.name = "small";
  recipe.rate_hz = 8000;
  recipe.window_samples = 8000;
  recipe.fft_samples = 512;
  recipe.hop_samples = 128;
  recipe.mel_bands = 16;
  recipe.max_hz = 4000.0;
  recipe.image_height = 16;
  recipe.image_width = 16;
  return recipe;
}

/// Twelve tones at three rates, in two classes.
DataSet tones(const TemporaryDirectory& directory) {
  DataSet data{directory.path(), {"low", "high"}, {}};
  for (int i = 0; i < 12; ++i) {
    const int rates_hz[] = {8000, 16000, 44100};
    const int rate_hz = rates_hz[i % 3];
    const fs::path path = directory / ("tone" + std::to_string(i) + ".wav");
    write_wav(path, sine(300.0 + 250.0 * i, rate_hz, static_cast<std::size_t>(rate_hz / 2 + 977 * i)),
              rate_hz);
    data.clips.push_back({path, i / 6, 0, Part::train});
  }
  return data;
}

std::vector<std::size_t> all_of(const DataSet& data) {
  std::vector<std::size_t> which(data.clips.size());
  std::iota(which.begin(), which.end(), std::size_t{0});
  return which;
}

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

void overwrite(const fs::path& path, std::streamoff at, char byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(at).put(byte);
  REQUIRE(file.flush());
}

}  // namespace

TEST_CASE("loaded features are what the extractor makes of each clip, in the order asked for") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  const std::vector<std::size_t> which = {7, 2, 2, 11};
  const FeatureSet set = load_features(data, which, small_recipe(), {});
  REQUIRE(set.size() == 4);
  CHECK(set.complete);
  CHECK(set.clips == which);
  CHECK(set.labels == std::vector<int>{1, 0, 0, 1});
  CHECK(set.shape == small_recipe().shape());
  CHECK(set.problems.empty());
  FeatureExtractor extractor(small_recipe());
  std::vector<float> expected(set.shape.size());
  for (std::size_t i = 0; i < which.size(); ++i) {
    extractor.extract_clip(load_clip(data.clips[which[i]].path, 8000).samples, expected);
    CHECK(std::equal(expected.begin(), expected.end(), set.image(i).begin()));
  }
}

TEST_CASE("features are the same bits on any number of threads, computed or kept") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  const FeatureSet alone = load_features(data, all_of(data), small_recipe(), {.threads = 1});
  for (const unsigned threads : {0U, 2U, 5U, 40U}) {
    CHECK(load_features(data, all_of(data), small_recipe(), {.threads = threads}).images == alone.images);
  }
  const FeatureLoading keeping{.threads = 3, .cache = directory / "cache"};
  const FeatureSet computed = load_features(data, all_of(data), small_recipe(), keeping);
  CHECK(computed.from_cache == 0);
  CHECK(computed.cache_problem.empty());
  CHECK(computed.images == alone.images);
  const FeatureSet kept = load_features(data, all_of(data), small_recipe(), keeping);
  CHECK(kept.from_cache == data.clips.size());
  CHECK(kept.images == alone.images);
  CHECK(kept.labels == alone.labels);
  CHECK(kept.sounds == alone.sounds);
}

TEST_CASE(
    "of a recipe that takes windows each loud one is an entry: computed, kept or streamed, the same bits") {
  const TemporaryDirectory directory;
  FeatureRecipe recipe = small_recipe();
  recipe.clip = ClipFit::windows;
  std::vector<float> twice = sine(440.0, 8000, 8000);  // a second of it, one of silence, one of another
  twice.resize(16'000, 0.0F);
  const std::vector<float> high = sine(1760.0, 8000, 8000);
  twice.insert(twice.end(), high.begin(), high.end());
  write_wav(directory / "twice.wav", twice, 8000);
  write_wav(directory / "quiet.wav", std::vector<float>(20'000, 3e-5F), 8000);
  write_wav(directory / "short.wav", sine(880.0, 8000, 3000), 8000);
  DataSet data{directory.path(), {"a", "b"}, {}};
  data.clips = {{directory / "twice.wav", 1, 0, Part::train},
                {directory / "quiet.wav", 0, 0, Part::train},
                {directory / "gone.wav", 0, 0, Part::train},
                {directory / "short.wav", 0, 0, Part::train}};
  const FeatureSet set = load_features(data, all_of(data), recipe, {.threads = 2});
  REQUIRE(set.size() == 6);
  CHECK(set.clips == std::vector<std::size_t>{0, 0, 0, 0, 0, 3});
  CHECK(set.starts == std::vector<std::uint64_t>{0, 3968, 7936, 11904, 15872, 0});  // all touch a tone
  CHECK(set.labels == std::vector<int>{1, 1, 1, 1, 1, 0});
  CHECK(set.quiet == std::vector<std::size_t>{1});
  CHECK(set.clip_count() == 2);
  REQUIRE(set.problems.size() == 1);
  CHECK(set.problems[0].clip == 2);

  FeatureExtractor extractor(recipe);
  std::vector<float> expected(set.shape.size());
  const std::vector<float> samples = load_clip(directory / "twice.wav", 8000).samples;
  for (std::size_t i = 0; i < 5; ++i) {
    extractor.reset();
    const auto start = static_cast<std::size_t>(set.starts[i]);
    extractor.extract_window(std::span(samples).subspan(start, 8000), start, expected);
    CHECK(std::ranges::equal(expected, set.image(i)));
  }

  const FeatureLoading keeping{.threads = 1, .cache = directory / "cache"};
  CHECK(load_features(data, all_of(data), recipe, keeping).images == set.images);
  const FeatureSet kept = load_features(data, all_of(data), recipe, keeping);
  CHECK(kept.from_cache == 3);
  CHECK(kept.images == set.images);
  CHECK(kept.quiet == set.quiet);
  for (const auto& cache : {std::optional<fs::path>(directory / "cache"), std::optional<fs::path>()}) {
    const FeatureSet streamed = load_features(data, all_of(data), recipe, {.cache = cache, .most_bytes = 1});
    CHECK(streamed.images.empty());
    REQUIRE(streamed.size() == set.size());
    std::vector<float> room;
    for (std::size_t i = 0; i < set.size(); ++i)
      CHECK(std::ranges::equal(streamed.image(i, room), set.image(i)));
  }
}

TEST_CASE("equal samples have one hash in whatever file and chunks, others another") {
  const TemporaryDirectory directory;
  DataSet data = tones(directory);
  const fs::path copy = directory / "copy.wav";
  fs::copy(data.clips[3].path, copy);
  data.clips.push_back({copy, 0});
  const FeatureSet set = load_features(data, all_of(data), small_recipe(), {});
  for (std::size_t i = 0; i < set.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK((set.sounds[i] == set.sounds[j]) == (i == 12 && j == 3));
  }
  const std::vector<float> samples = sine(440.0, 8000, 1001);
  SoundHash whole;
  whole.update(samples);
  for (std::size_t cut = 0; cut < 20; ++cut) {
    SoundHash parts;
    parts.update(std::span(samples).first(cut));
    parts.update(std::span(samples).subspan(cut));
    CHECK(parts.value() == whole.value());
  }
  for (std::size_t i = 0; i + 1 < 20; ++i) {
    std::vector<float> swapped = samples;
    std::swap(swapped[i], swapped[i + 1]);
    SoundHash other;
    other.update(swapped);
    CHECK(other.value() != whole.value());
  }
}

TEST_CASE("images that take more than they may are read when they are wanted, the same bits") {
  const TemporaryDirectory directory;
  DataSet data = tones(directory);
  data.clips[3].path = directory / "missing.wav";  // those after it move up
  const FeatureSet held = load_features(data, all_of(data), small_recipe(), {});
  CHECK_FALSE(held.streamed);
  FeatureLoading tight{.threads = 3, .most_bytes = held.images.size() * sizeof(float) - 1};
  if (GENERATE(false, true)) tight.cache = directory / "cache";
  const FeatureSet set = load_features(data, all_of(data), small_recipe(), tight);
  CHECK(set.images.empty());
  CHECK(set.labels == held.labels);
  CHECK(set.files == held.files);
  CHECK(set.problems.size() == 1);
  const auto all_equal = [&] {
    std::vector<float> room;
    for (std::size_t i = set.size(); i-- > 0;) {
      if (!std::ranges::equal(set.image(i, room), held.image(i))) return false;
    }
    return true;
  };
  CHECK(all_equal());
  if (!tight.cache) return;
  for (const fs::path& entry : files_below(*tight.cache)) fs::remove(entry);  // and computed if it has gone
  CHECK(all_equal());
}

TEST_CASE("kept features belong to the clip's bytes and to the whole recipe") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  const FeatureLoading keeping{.cache = directory / "cache"};
  load_features(data, all_of(data), small_recipe(), keeping);

  fs::rename(data.clips[0].path, directory / "other name.wav");
  DataSet renamed = data;
  renamed.clips[0].path = directory / "other name.wav";
  CHECK(load_features(renamed, all_of(renamed), small_recipe(), keeping).from_cache == data.clips.size());

  write_wav(renamed.clips[0].path, sine(77.0, 8000, 4000), 8000);
  CHECK(load_features(renamed, all_of(renamed), small_recipe(), keeping).from_cache == data.clips.size() - 1);

  FeatureRecipe other = small_recipe();
  other.range_db = 60.0;
  CHECK(load_features(renamed, all_of(renamed), other, keeping).from_cache == 0);
}

TEST_CASE("damaged entries are computed anew and mended") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  const FeatureLoading keeping{.cache = directory / "cache"};
  const FeatureSet good = load_features(data, all_of(data), small_recipe(), keeping);
  const std::vector<fs::path> entries = files_below(directory / "cache");
  REQUIRE(entries.size() == data.clips.size());
  const auto size = static_cast<std::streamoff>(fs::file_size(entries[0]));
  overwrite(entries[0], 0, 'x');         // the checksum
  overwrite(entries[1], 64, '\x7F');     // the count of bad samples
  overwrite(entries[2], size - 1, 'x');  // the features
  fs::resize_file(entries[3], 100);
  fs::resize_file(entries[4], 0);
  fs::resize_file(entries[5], static_cast<std::uintmax_t>(size) + 4);

  const FeatureSet again = load_features(data, all_of(data), small_recipe(), keeping);
  CHECK(again.from_cache == data.clips.size() - 6);
  CHECK(again.images == good.images);
  CHECK(load_features(data, all_of(data), small_recipe(), keeping).from_cache == data.clips.size());
}

TEST_CASE("broken and missing clips are left out and named, the others keep their places") {
  const TemporaryDirectory directory;
  DataSet data = tones(directory);
  data.clips[1].path = directory / "missing.wav";
  data.clips[4].path = directory.write("text.wav", "not a sound");
  write_wav(directory / "empty.wav", {}, 8000);
  data.clips[5].path = directory / "empty.wav";
  FeatureLoading loading{.threads = 3};
  if (GENERATE(false, true)) loading.cache = directory / "cache";

  const FeatureSet set = load_features(data, all_of(data), small_recipe(), loading);
  CHECK(set.clips == std::vector<std::size_t>{0, 2, 3, 6, 7, 8, 9, 10, 11});
  CHECK(set.labels == std::vector<int>{0, 0, 0, 1, 1, 1, 1, 1, 1});
  CHECK(set.images.size() == 9 * set.shape.size());
  REQUIRE(set.problems.size() == 3);
  CHECK(set.problems[0].clip == 1);
  CHECK(set.problems[0].code == ExitCode::no_input);
  CHECK_THAT(set.problems[0].line, Catch::Contains("missing.wav"));
  CHECK(set.problems[1].clip == 4);
  CHECK(set.problems[1].code == ExitCode::bad_data);
  CHECK_THAT(set.problems[1].line, Catch::Contains("text.wav"));
  CHECK(set.problems[2].clip == 5);
  CHECK_THAT(set.problems[2].line, Catch::Contains("empty.wav"));

  const std::vector<std::size_t> sound = set.clips;
  CHECK(load_features(data, sound, small_recipe(), {}).images == set.images);
}

TEST_CASE("samples that are no numbers are counted, from disk as well") {
  const TemporaryDirectory directory;
  std::vector<float> samples = sine(500.0, 8000, 4000);
  samples[10] = std::numeric_limits<float>::quiet_NaN();
  samples[20] = std::numeric_limits<float>::infinity();
  write_wav(directory / "bad.wav", samples, 8000);
  const DataSet data{directory.path(), {"tone"}, {{directory / "bad.wav", 0, 0, Part::train}}};
  const FeatureLoading keeping{.cache = directory / "cache"};
  CHECK(load_features(data, all_of(data), small_recipe(), keeping).bad_samples == 2);
  const FeatureSet kept = load_features(data, all_of(data), small_recipe(), keeping);
  CHECK(kept.from_cache == 1);
  CHECK(kept.bad_samples == 2);
}

TEST_CASE("a cache that cannot be written is reported once and hurts nothing") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  const fs::path in_the_way = directory.write("cache", "a file");
  const FeatureSet set = load_features(data, all_of(data), small_recipe(), {.cache = in_the_way});
  CHECK(set.size() == data.clips.size());
  CHECK_THAT(set.cache_problem, Catch::Contains(in_the_way.string()));
  CHECK(set.images == load_features(data, all_of(data), small_recipe(), {}).images);
}

TEST_CASE("progress rises to the number of clips on the calling thread, and can end the work") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  const auto caller = std::this_thread::get_id();
  std::size_t last = 0;
  const FeatureSet set = load_features(data, all_of(data), small_recipe(),
                                       {.threads = 2, .progress = [&](std::size_t done, std::size_t total) {
                                          CHECK(std::this_thread::get_id() == caller);
                                          CHECK(total == data.clips.size());
                                          CHECK(done > last);
                                          last = done;
                                          return true;
                                        }});
  CHECK(set.complete);
  CHECK(last == data.clips.size());

  const std::vector<std::size_t> many(5000, 0);
  CHECK_FALSE(
      load_features(data, many, small_recipe(), {.progress = [](auto, auto) { return false; }}).complete);
  CHECK(load_features(data, {}, small_recipe(), {}).size() == 0);
}

TEST_CASE("a recipe out of range is refused before any clip is read") {
  const TemporaryDirectory directory;
  const DataSet data = tones(directory);
  FeatureRecipe recipe = small_recipe();
  recipe.fft_samples = -1;
  CHECK_THROWS_AS(load_features(data, all_of(data), recipe, {}), Error);
}

TEST_CASE("the cache lies where the XDG base directory specification wants it") {
  const auto with = [](const char* cache, const char* home) {
    const auto set = [](const char* name, const char* value) {
      value ? setenv(name, value, 1) : unsetenv(name);
    };
    const char* old_cache = std::getenv("XDG_CACHE_HOME");
    const char* old_home = std::getenv("HOME");
    const std::optional<std::string> cache_before =
        old_cache ? std::optional<std::string>(old_cache) : std::nullopt;
    const std::optional<std::string> home_before =
        old_home ? std::optional<std::string>(old_home) : std::nullopt;
    set("XDG_CACHE_HOME", cache);
    set("HOME", home);
    const auto found = default_feature_cache();
    set("XDG_CACHE_HOME", cache_before ? cache_before->c_str() : nullptr);
    set("HOME", home_before ? home_before->c_str() : nullptr);
    return found;
  };
  CHECK(with("/c", "/h") == fs::path("/c/earshot/features"));
  CHECK(with(nullptr, "/h") == fs::path("/h/.cache/earshot/features"));
  CHECK(with("relative", "/h") == fs::path("/h/.cache/earshot/features"));
  CHECK(with("", "") == std::nullopt);
  CHECK(with(nullptr, nullptr) == std::nullopt);
}

}  // namespace earshot::test
