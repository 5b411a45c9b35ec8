// Stft: windowed frames -> power spectra, four frames at a time. KissFFT's door.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "dsp/Lanes.h"

namespace earshot {

/// The power of a real FFT under a periodic Hann window, as librosa.stft(...)^2 and tf.signal.stft have it.
/// Not thread safe.
class Stft {
 public:
  /// `fft_samples` is a power of two, 64 to 32768. The Hann window spans a frame of `frame_samples` <=
  /// fft_samples; what is left up to fft_samples is zeros.
  Stft(int fft_samples, int frame_samples);
  explicit Stft(int fft_samples) : Stft(fft_samples, fft_samples) {}
  ~Stft();
  Stft(Stft&&) noexcept;
  Stft& operator=(Stft&&) noexcept;

  std::size_t bins() const noexcept;

  /// real-time: `frames[lane]` points at frame_samples samples -> `power`, bins() x kLanes.
  void power(const std::array<const float*, kLanes>& frames, std::span<float> power) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
