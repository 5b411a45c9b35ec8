// FeatureRecipe: everything that turns samples into a tensor, as plain data. It travels inside the model
// file, so no configuration can make the daemon and the trainer disagree.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

/// Height x width x channels of a feature tensor, row-major in that order.
struct FeatureShape {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::size_t size() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
  bool operator==(const FeatureShape&) const = default;
};

/// "256 x 256 x 1".
std::string shape_text(const FeatureShape& shape);

/// What the mel bands add up: |X|^2 or |X|.
enum class Spectrum { power, magnitude };

/// slaney: librosa.filters.mel, triangles in Hz under its area norm. htk:
/// tf.signal.linear_to_mel_weight_matrix, triangles in mel (HTK's 1127 ln(1 + f / 700)) of height 1, the DC
/// bin left out.
enum class MelScale { slaney, htk };

/// What becomes of a band's sum S. relative_db: 20 log10(max(S, floor_power)), relative to the loudest cell
/// and no deeper than range_db under it (librosa.amplitude_to_db(ref=max)). log: ln(S + log_offset), the same
/// wherever it stands.
enum class LevelRule { relative_db, log };

/// What a level becomes. wrapped: 8 bit as numpy casts -255 .. 0, modulo 256; min_max: 8 bit, the lowest cell
/// 0 and the loudest 255. Both are resized to image_height x image_width by Pillow's LANCZOS and then divided
/// by grey_divisor. real: (level - mean) / deviation, as many bands and frames as there are.
enum class CellRule { wrapped, min_max, real };

/// The tensor's axis that is time; bands lie along the other one, the lowest first.
enum class TimeAxis { width, height };

/// A whole clip whose length is not the window's. whole: all of it, the resize makes it fit; crop: its first
/// window, filled up with zeros; tile: the same, filled up with the clip over again; windows: each of its
/// loud windows, and where but one is asked for, its first as with crop.
enum class ClipFit { whole, crop, tile, windows };

/// The words for an enum's values, in its order, in model files and configurations.
constexpr std::array<std::string_view, 2> words_of(Spectrum) {
  return {"power", "magnitude"};
}
constexpr std::array<std::string_view, 2> words_of(MelScale) {
  return {"slaney", "htk"};
}
constexpr std::array<std::string_view, 2> words_of(LevelRule) {
  return {"relative_db", "log"};
}
constexpr std::array<std::string_view, 3> words_of(CellRule) {
  return {"wrapped", "min_max", "real"};
}
constexpr std::array<std::string_view, 2> words_of(TimeAxis) {
  return {"width", "height"};
}
constexpr std::array<std::string_view, 4> words_of(ClipFit) {
  return {"whole", "crop", "tile", "windows"};
}

/// The defaults are the recipe "v6": a Slaney mel power spectrogram, its level relative to the window's
/// maximum as an 8-bit picture of 256 x 256 (librosa 0.10.2 melspectrogram and amplitude_to_db, Pillow
/// LANCZOS).
struct FeatureRecipe {
  std::string name = "v6";
  int rate_hz = 44100;
  std::uint64_t window_samples = 220500;  ///< of a live window
  int fft_samples = 2048;
  int hop_samples = 512;  ///< between frames; a live window steps by whole hops
  int mel_bands = 256;
  double min_hz = 0.0;
  double max_hz = 22050.0;
  double floor_power = 1e-5;  ///< relative_db: a lower sum counts as it (amplitude_to_db's amin)
  double range_db = 80.0;     ///< relative_db: 20 log10 of the sum under the maximum
  int image_height = 256;     ///< of the resized picture; 0 with real cells
  int image_width = 256;

  int frame_samples = 0;  ///< under a periodic Hann window, zeros up to fft_samples; 0: fft_samples
  bool centred = true;    ///< frames around multiples of the hop, zeros beyond the edges; else from them on
  Spectrum spectrum = Spectrum::power;
  MelScale mel_scale = MelScale::slaney;
  LevelRule level = LevelRule::relative_db;
  double log_offset = 1e-6;
  CellRule cells = CellRule::wrapped;
  double grey_divisor = 255.0;
  double mean = 0.0;
  double deviation = 1.0;
  TimeAxis time_axis = TimeAxis::width;
  int channels = 1;  ///< the same values in each
  ClipFit clip = ClipFit::whole;

  int frame() const { return frame_samples == 0 ? fft_samples : frame_samples; }
  /// Frames of `samples` samples; what is shorter than a frame makes one.
  std::size_t frames_of(std::size_t samples) const;
  FeatureShape shape() const;
  bool operator==(const FeatureRecipe&) const = default;
};

/// v6; efficientnet_b0: of the source project's experiment, but 0 .. 255 as the network expects; yamnet: of
/// Google's AudioSet network; log_mel: log power of 128 bands whose reference is fixed. Throws Error(usage)
/// naming these.
FeatureRecipe recipe_named(std::string_view name);
std::vector<std::string> recipe_names();

/// A field that is out of the range that FeatureExtractor implements.
struct RecipeProblem {
  std::string field;
  std::string found;
  std::string expected;
};

/// The first one. All sizes are bounded, so that a hostile model file cannot ask for huge memory.
std::optional<RecipeProblem> problem_of(const FeatureRecipe& recipe);

/// Throws Error(bad_data) naming the problem if there is one.
void validate(const FeatureRecipe& recipe);

}  // namespace earshot
