// PhaseVocoder: longer or shorter at the same pitch, higher or lower at the same length, as librosa does it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dsp/spectrum/Stft.h"

namespace earshot {

/// After librosa 0.10.2's effects.time_stretch and pitch_shift with their defaults: frames of 2048 samples, a
/// quarter apart, centred and zero padded. Not thread safe: one instance a thread.
class PhaseVocoder {
 public:
  explicit PhaseVocoder(int fft_samples = 2048);

  /// `rate` times as fast (0.05 .. 20): round(n / rate) samples. A bin's phase goes on by what it gains from
  /// one frame to the next (Ellis 2002, "A phase vocoder in Matlab", which librosa follows); kept as a number
  /// of length 1, so that no angle is ever computed. Equal to librosa's in double precision within 1e-4 of
  /// full scale, as measured by its test.
  std::vector<float> time_stretch(std::span<const float> samples, double rate);

  /// Twelve semitones are an octave: stretched, then resampled to the length it had. Where librosa takes
  /// soxr, libsamplerate is taken: its band ends at 90 % instead of 91 % of the lower rate's half.
  std::vector<float> pitch_shift(std::span<const float> samples, double semitones);

 private:
  void analyse(std::span<const float> samples);

  Stft stft_;
  std::size_t fft_samples_;
  std::size_t hop_samples_;
  std::size_t bins_;

  // Of the sound at hand, frames x bins: magnitude, and the phase as cosine and sine.
  std::size_t frames_ = 0;
  std::vector<float> magnitudes_;
  std::vector<float> cosines_;
  std::vector<float> sines_;
};

}  // namespace earshot
