// AWeighting: how loud a sound's loudest moment is to an ear, for mixing two sounds as equals.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dsp/spectrum/Stft.h"

namespace earshot {

/// The A curve of IEC 61672-1 in dB: 0 at 1 kHz; -80 at least, for 0 Hz too.
double a_weight_db(double hz) noexcept;

/// Not thread safe: one instance a thread.
class AWeighting {
 public:
  explicit AWeighting(int rate_hz);

  /// Over frames of about 90 ms, a power of two of samples, half a frame apart and periodic Hann: the highest
  /// sum of A-weighted |FFT|^2, in dB, -80 at least (Tokozume 2018, "Learning from between-class examples",
  /// section 3.2 and its code). A sound shorter than a frame is padded with zeros.
  double loudest_db(std::span<const float> samples);

 private:
  Stft stft_;
  std::size_t frame_samples_;
  std::vector<float> weights_;  // of power, bins
  std::vector<float> power_;    // bins x kLanes
  std::vector<float> padded_;   // a frame
};

}  // namespace earshot
