// Stft: windowed frames -> power spectra, four frames at a time. KissFFT's door.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "dsp/Lanes.h"

namespace earshot {

/// The power of a real FFT under a periodic Hann window, as librosa.stft(...)^2 has it. Not thread safe.
class Stft {
 public:
  /// `fft_samples` is a power of two, 64 to 32768.
  explicit Stft(int fft_samples);
  ~Stft();
  Stft(Stft&&) noexcept;
  Stft& operator=(Stft&&) noexcept;

  std::size_t bins() const noexcept;

  /// real-time: `frames[lane]` points at fft_samples samples -> `power`, bins() x kLanes.
  void power(const std::array<const float*, kLanes>& frames, std::span<float> power) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
