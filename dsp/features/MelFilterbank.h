// MelFilterbank: spectra -> mel bands.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// Slaney's mel scale (Auditory Toolbox 1998; librosa.hz_to_mel, htk=False): linear below 1 kHz, logarithmic
/// above.
double hz_to_slaney_mel(double hz) noexcept;
double slaney_mel_to_hz(double mel) noexcept;

/// HTK's mel scale (tf.signal): 1127 ln(1 + hz / 700).
double hz_to_htk_mel(double hz) noexcept;

/// Triangles over FFT bins, each kept as its run of non-zero weights.
class MelFilterbank {
 public:
  MelFilterbank(int rate_hz, int fft_samples, int bands, double min_hz, double max_hz,
                MelScale scale = MelScale::slaney);

  std::size_t bands() const noexcept { return filters_.size(); }
  std::size_t bins() const noexcept { return bins_; }

  /// The weights of `band` over its bins and the first of these; empty where the triangle lies between two
  /// bins.
  std::span<const float> weights(std::size_t band) const noexcept;
  std::size_t first_bin(std::size_t band) const noexcept { return filters_[band].first_bin; }

  /// real-time: `spectrum`, bins() x kLanes -> `mel`, bands() x kLanes.
  void apply(std::span<const float> spectrum, std::span<float> mel) const noexcept;

 private:
  void add_slaney(int rate_hz, int fft_samples, double min_hz, double max_hz);
  void add_htk(int rate_hz, int fft_samples, double min_hz, double max_hz);
  void add_weight(std::size_t band, std::size_t bin, float weight);

  struct Filter {
    std::size_t first_bin = 0;
    std::size_t first_weight = 0;
    std::size_t count = 0;
  };
  std::size_t bins_;
  std::vector<Filter> filters_;
  std::vector<float> weights_;  // of all filters, one after another
};

}  // namespace earshot
