// validate(FeatureRecipe): bounds on every field, so that a hostile model file cannot ask for huge memory.
#include <cmath>
#include <cstdint>
#include <sstream>

#include "dsp/Error.h"
#include "dsp/FeatureRecipe.h"

namespace earshot {
namespace {

constexpr std::size_t kMaxNameLength = 64;
constexpr std::uint64_t kMaxWindowSamples = std::uint64_t{1} << 26;  // 25 minutes at 44.1 kHz
constexpr std::uint64_t kMaxSpectrogramCells = std::uint64_t{1} << 24;
constexpr int kMaxImageSide = 2048;

template <typename Found>
[[noreturn]] void refuse(const char* field, const Found& found, const std::string& expected) {
  std::ostringstream line;
  line << "feature recipe: " << field << ": found " << found << ", expected " << expected;
  throw Error(ExitCode::bad_data, line.str());
}

/// NaN is outside every range.
template <typename Value>
void expect_between(const char* field, Value found, Value lowest, Value highest) {
  if (found >= lowest && found <= highest) return;
  std::ostringstream expected;
  expected << lowest << " to " << highest;
  refuse(field, found, expected.str());
}

bool is_printable(const std::string& text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

void validate(const FeatureRecipe& recipe) {
  if (recipe.name.empty() || recipe.name.size() > kMaxNameLength || !is_printable(recipe.name)) {
    refuse("name", std::to_string(recipe.name.size()) + " bytes",
           "1 to " + std::to_string(kMaxNameLength) + " printable ASCII characters");
  }
  expect_between("rate_hz", recipe.rate_hz, 1000, 768000);
  expect_between("fft_samples", recipe.fft_samples, 64, 32768);
  if ((recipe.fft_samples & (recipe.fft_samples - 1)) != 0) {
    refuse("fft_samples", recipe.fft_samples, "a power of two");
  }
  expect_between("hop_samples", recipe.hop_samples, 1, recipe.fft_samples);
  expect_between("window_samples", recipe.window_samples, static_cast<std::uint64_t>(recipe.hop_samples),
                 kMaxWindowSamples);
  expect_between("mel_bands", recipe.mel_bands, 1, 1024);
  expect_between("max_hz", recipe.max_hz, 1.0, static_cast<double>(recipe.rate_hz) / 2);
  expect_between("min_hz", recipe.min_hz, 0.0, recipe.max_hz - 1.0);
  expect_between("floor_power", recipe.floor_power, 1e-18, 1.0);  // its square is a normal float
  expect_between("range_db", recipe.range_db, 1.0, 400.0);
  expect_between("image_height", recipe.image_height, 1, kMaxImageSide);
  expect_between("image_width", recipe.image_width, 1, kMaxImageSide);

  const std::uint64_t cells = (1 + recipe.window_samples / static_cast<std::uint64_t>(recipe.hop_samples)) *
                              static_cast<std::uint64_t>(recipe.mel_bands);
  if (cells > kMaxSpectrogramCells) {
    refuse("window_samples", recipe.window_samples,
           "at most " + std::to_string(kMaxSpectrogramCells) + " spectrogram cells, found " +
               std::to_string(cells));
  }
}

}  // namespace earshot
