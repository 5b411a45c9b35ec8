// Stft: windowed frames -> spectra and back, four frames at a time. KissFFT's door.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "dsp/spectrum/Lanes.h"

namespace earshot {

/// A real FFT under a periodic Hann window, as librosa.stft and tf.signal.stft have it. Not thread safe.
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

  /// The complex bins themselves: `re` and `im`, bins() x kLanes each.
  void spectrum(const std::array<const float*, kLanes>& frames, std::span<float> re,
                std::span<float> im) noexcept;

  /// The inverse FFT of `re` and `im`, bins() x kLanes each (the imaginary parts of the first and last bin
  /// are not looked at), under the window once more -> `frames`, kLanes x fft_samples. Only of frames as long
  /// as the FFT.
  void windowed_inverse(std::span<const float> re, std::span<const float> im,
                        std::span<float> frames) noexcept;

  /// The window, frame_samples.
  std::span<const float> window() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
