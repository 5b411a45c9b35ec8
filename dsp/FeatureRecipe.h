// FeatureRecipe: everything that turns samples into a tensor, as plain data. It travels inside the model
// file, so no configuration can make the daemon and the trainer disagree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace earshot {

/// Height x width x channels of a feature tensor, row-major in that order; row 0 is the lowest mel band.
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

/// The defaults are the recipe "v6": a Slaney mel power spectrogram, its level relative to the window's
/// maximum as an 8-bit picture of 256 x 256 (librosa 0.10.2 melspectrogram and amplitude_to_db, Pillow
/// LANCZOS).
struct FeatureRecipe {
  std::string name = "v6";
  int rate_hz = 44100;
  std::uint64_t window_samples = 220500;  ///< of a live window; whole clips may have any length
  int fft_samples = 2048;  ///< frame length; periodic Hann of the same length, centred, zero padded
  int hop_samples = 512;   ///< between frames; a live window steps by whole hops
  int mel_bands = 256;     ///< Slaney scale and area norm
  double min_hz = 0.0;
  double max_hz = 22050.0;
  double floor_power = 1e-5;  ///< mel power below it counts as it (amplitude_to_db's amin)
  double range_db = 80.0;     ///< 20 log10 of POWER under the maximum; what lies deeper is the floor
  int image_height = 256;
  int image_width = 256;

  FeatureShape shape() const { return {image_height, image_width, 1}; }
  bool operator==(const FeatureRecipe&) const = default;
};

/// Throws Error(bad_data) naming the field, what was found and what was expected, unless every field is in
/// the range that FeatureExtractor implements (all sizes bounded, so that a hostile model file cannot ask for
/// huge memory).
void validate(const FeatureRecipe& recipe);

}  // namespace earshot
