// MelFilterbank: librosa.filters.mel(norm="slaney"), rounded to float where librosa rounds; tf.signal's
// beside it.
#include "dsp/features/MelFilterbank.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "dsp/spectrum/Lanes.h"

namespace earshot {
namespace {

constexpr double kHzPerMel = 200.0 / 3.0;  // of the linear part
constexpr double kLogStartHz = 1000.0;
constexpr double kLogStartMel = kLogStartHz / kHzPerMel;
constexpr double kOnCorner = 1e-12;  // a triangle's height over a bin on its corner, but for rounding
constexpr double kLogStep = 0.06875177742094912;  // ln(6.4) / 27: 27 mels from 1 kHz to 6.4 kHz

}  // namespace

double hz_to_slaney_mel(double hz) noexcept {
  return hz < kLogStartHz ? hz / kHzPerMel : kLogStartMel + std::log(hz / kLogStartHz) / kLogStep;
}

double slaney_mel_to_hz(double mel) noexcept {
  return mel < kLogStartMel ? mel * kHzPerMel : kLogStartHz * std::exp(kLogStep * (mel - kLogStartMel));
}

double hz_to_htk_mel(double hz) noexcept {
  return 1127.0 * std::log(1.0 + hz / 700.0);
}

MelFilterbank::MelFilterbank(int rate_hz, int fft_samples, int bands, double min_hz, double max_hz,
                             MelScale scale)
    : bins_(static_cast<std::size_t>(fft_samples) / 2 + 1), filters_(static_cast<std::size_t>(bands)) {
  if (scale == MelScale::slaney) {
    add_slaney(rate_hz, fft_samples, min_hz, max_hz);
  } else {
    add_htk(rate_hz, fft_samples, min_hz, max_hz);
  }
}

void MelFilterbank::add_slaney(int rate_hz, int fft_samples, double min_hz, double max_hz) {
  std::vector<double> corner_hz(filters_.size() + 2);
  const double min_mel = hz_to_slaney_mel(min_hz);
  const double mel_step = (hz_to_slaney_mel(max_hz) - min_mel) / static_cast<double>(corner_hz.size() - 1);
  for (std::size_t i = 0; i < corner_hz.size(); ++i) {
    corner_hz[i] = slaney_mel_to_hz(min_mel + mel_step * static_cast<double>(i));
  }
  const double bin_hz = static_cast<double>(rate_hz) / static_cast<double>(fft_samples);
  for (std::size_t band = 0; band < filters_.size(); ++band) {
    const double low = corner_hz[band];
    const double centre = corner_hz[band + 1];
    const double high = corner_hz[band + 2];
    filters_[band].first_weight = weights_.size();
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      const double hz = bin_hz * static_cast<double>(bin);
      const double height = std::min((hz - low) / (centre - low), (high - hz) / (high - centre));
      if (height <= kOnCorner) continue;
      const double triangle = static_cast<double>(static_cast<float>(height));
      add_weight(band, bin, static_cast<float>(triangle * (2.0 / (high - low))));
    }
  }
}

// tf.signal.linear_to_mel_weight_matrix, in double: corners evenly spaced in mel, the DC bin in no filter.
void MelFilterbank::add_htk(int rate_hz, int fft_samples, double min_hz, double max_hz) {
  const double min_mel = hz_to_htk_mel(min_hz);
  const double mel_step = (hz_to_htk_mel(max_hz) - min_mel) / static_cast<double>(filters_.size() + 1);
  const double bin_hz = static_cast<double>(rate_hz) / static_cast<double>(fft_samples);
  for (std::size_t band = 0; band < filters_.size(); ++band) {
    filters_[band].first_weight = weights_.size();
    const double centre_mel = min_mel + mel_step * static_cast<double>(band + 1);
    for (std::size_t bin = 1; bin < bins_; ++bin) {
      const double mel = hz_to_htk_mel(bin_hz * static_cast<double>(bin));
      const double height = 1.0 - std::abs(mel - centre_mel) / mel_step;
      if (height > kOnCorner) add_weight(band, bin, static_cast<float>(height));
    }
  }
}

void MelFilterbank::add_weight(std::size_t band, std::size_t bin, float weight) {
  Filter& filter = filters_[band];
  if (filter.count == 0) filter.first_bin = bin;
  weights_.push_back(weight);
  ++filter.count;
}

std::span<const float> MelFilterbank::weights(std::size_t band) const noexcept {
  return std::span(weights_).subspan(filters_[band].first_weight, filters_[band].count);
}

void MelFilterbank::apply(std::span<const float> spectrum, std::span<float> mel) const noexcept {
  assert(spectrum.size() == bins() * kLanes && mel.size() == bands() * kLanes);
  for (std::size_t band = 0; band < filters_.size(); ++band) {
    const Filter& filter = filters_[band];
    LaneVector sum{};
    for (std::size_t i = 0; i < filter.count; ++i) {
      sum += weights_[filter.first_weight + i] * load_lanes(&spectrum[(filter.first_bin + i) * kLanes]);
    }
    store_lanes(sum, &mel[band * kLanes]);
  }
}

}  // namespace earshot
