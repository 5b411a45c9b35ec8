// The 8-bit picture against librosa 0.10.2.post1 and Pillow; tests/golden/features.py made the goldens.
//
// The tolerance is about cells before the resize, which the golden lists where their value lies within 1e-3
// of a whole number. Through the resize it is carried like this: our resize of the golden picture must be
// Pillow's to the bit; and what extract_clip yields is compared with Pillow's picture directly, 99.99 % of
// cells equal without any exception. Cells on the floor, most of a quiet clip, must all be equal and are left
// out of the 99.99 %.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "dsp/features/GreyPicture.h"
#include "tests/dsp/GreyPng.h"
#include "tests/dsp/Signals.h"
#include "tests/support/Esc10.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Cell = std::pair<std::size_t, std::size_t>;  // frame, band

constexpr std::uint8_t kFloorGrey = 1;  // -255 after the cast

const fs::path kGolden = fs::path(EARSHOT_SOURCE_DIR) / "tests" / "golden";

std::map<std::string, std::set<Cell>> read_near_whole() {
  std::map<std::string, std::set<Cell>> near;
  std::ifstream file(kGolden / "features_near_whole.csv");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string picture, frame, band;
    std::getline(fields, picture, ',');
    std::getline(fields, frame, ',');
    std::getline(fields, band, ',');
    near[picture].insert({std::stoul(frame), std::stoul(band)});
  }
  return near;
}

/// Counts over any number of clips.
struct Agreement {
  std::size_t cells = 0;  // before the resize: neither on the floor nor near a whole number
  std::size_t different = 0;
  std::size_t off_by_more = 0;
  std::size_t floor_different = 0;
  std::size_t resize_different = 0;
  std::size_t resized_cells = 0;
  std::size_t resized_different = 0;
};

void compare(const std::string& name, std::span<const float> samples, const std::set<Cell>& near,
             Agreement& agreement) {
  const GreyPng golden = read_grey_png(kGolden / (name + ".png"));
  const GreyPng resized = read_grey_png(kGolden / (name + ".resized.png"));
  const FeatureRecipe recipe;

  MelSpectrogram spectrogram(recipe);
  spectrogram.update(samples, 0);
  REQUIRE(spectrogram.frames() == golden.width);
  GreyPicture picture(recipe, spectrogram.frames());
  std::vector<float> painted(recipe.shape().size());
  picture.paint(spectrogram, painted);

  std::vector<std::uint8_t> golden_by_frame(golden.pixels.size());
  for (std::size_t frame = 0; frame < golden.width; ++frame) {
    for (std::size_t band = 0; band < golden.height; ++band) {
      const std::uint8_t expected = golden.at(band, frame);
      const std::uint8_t found = picture.unresized()[frame * golden.height + band];
      golden_by_frame[frame * golden.height + band] = expected;
      if (near.contains({frame, band})) continue;
      if (expected == kFloorGrey) {
        agreement.floor_different += found != expected;
        continue;
      }
      ++agreement.cells;
      agreement.different += found != expected;
      agreement.off_by_more += std::abs(int{found} - int{expected}) > 1;
    }
  }

  const LanczosResize resize(golden.width, resized.width);
  std::vector<std::uint8_t> ours_of_golden(resized.pixels.size());
  resize.apply(golden_by_frame, golden.height, ours_of_golden);
  std::vector<float> extracted(recipe.shape().size());
  FeatureExtractor(recipe).extract_clip(samples, extracted);
  REQUIRE(extracted == painted);
  for (std::size_t row = 0; row < resized.height; ++row) {
    for (std::size_t column = 0; column < resized.width; ++column) {
      const std::uint8_t expected = resized.at(row, column);
      agreement.resize_different += ours_of_golden[column * golden.height + row] != expected;
      ++agreement.resized_cells;
      agreement.resized_different +=
          extracted[row * resized.width + column] != static_cast<float>(expected) / 255.0f;
    }
  }
}

void check(const Agreement& agreement) {
  CAPTURE(agreement.cells, agreement.different, agreement.resized_cells, agreement.resized_different);
  CHECK(agreement.off_by_more == 0);
  CHECK(agreement.floor_different == 0);
  CHECK(agreement.resize_different == 0);
  CHECK(agreement.different * 10000 <= agreement.cells);
  CHECK(agreement.resized_different * 10000 <= agreement.resized_cells);
}

}  // namespace

TEST_CASE("the picture of twenty ESC-10 clips is librosa's and Pillow's") {
  const auto esc10 = find_esc10();
  if (!esc10) return;
  const auto near = read_near_whole();
  Agreement agreement;
  std::size_t clips = 0;
  for (const auto& entry : fs::directory_iterator(kGolden / "features_esc10")) {
    const std::string clip = entry.path().stem().string();
    if (clip.ends_with(".resized")) continue;
    const std::string name = "features_esc10/" + clip;
    const Clip loaded = load_clip(*esc10 / "audio" / (clip + ".ogg"), FeatureRecipe{}.rate_hz);
    const auto exceptions = near.find(name);
    compare(name, loaded.samples, exceptions == near.end() ? std::set<Cell>{} : exceptions->second,
            agreement);
    ++clips;
  }
  CHECK(clips == 20);
  CHECK(agreement.cells > 400000);
  check(agreement);
}

TEST_CASE(
    "the picture of a stereo file, of a clip shorter than a frame and of silence is librosa's and Pillow's") {
  const auto near = read_near_whole();
  const std::vector<float> left = ramped(noise(110250, 1));
  const std::vector<float> right = noise(110250, 2);
  std::vector<float> interleaved;
  for (std::size_t i = 0; i < left.size(); ++i) {
    interleaved.push_back(left[i]);
    interleaved.push_back(right[i] * 0.125f);
  }
  const TemporaryDirectory directory;
  write_wav(directory / "stereo.wav", interleaved, FeatureRecipe{}.rate_hz, 2);
  const std::map<std::string, std::vector<float>> inputs{
      {"features_synthetic/stereo", load_clip(directory / "stereo.wav", FeatureRecipe{}.rate_hz).samples},
      {"features_synthetic/short", ramped(noise(1323, 3))},
      {"features_synthetic/silence", std::vector<float>(44100, 0.0f)},
  };
  for (const auto& [name, samples] : inputs) {
    CAPTURE(name);
    const auto exceptions = near.find(name);
    Agreement agreement;
    compare(name, samples, exceptions == near.end() ? std::set<Cell>{} : exceptions->second, agreement);
    check(agreement);
  }
}

}  // namespace earshot::test
