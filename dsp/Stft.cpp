// Stft: the only file that knows KissFFT.
#include "dsp/Stft.h"

#include <cassert>
#include <cmath>
#include <new>
#include <numbers>
#include <vector>

#include <kiss_fftr.h>

namespace earshot {

struct Stft::Impl {
  struct Free {
    void operator()(kiss_fftr_cfg plan) const noexcept { kiss_fftr_free(plan); }
  };
  std::size_t fft_samples;
  std::vector<float> hann;
  std::unique_ptr<kiss_fftr_state, Free> plan;
  std::vector<float> windowed;
  std::vector<kiss_fft_cpx> spectrum;
};

Stft::Stft(int fft_samples) : impl_(std::make_unique<Impl>()) {
  const auto length = static_cast<std::size_t>(fft_samples);
  impl_->fft_samples = length;
  impl_->plan.reset(kiss_fftr_alloc(fft_samples, 0, nullptr, nullptr));
  if (!impl_->plan) throw std::bad_alloc();
  impl_->hann.resize(length);
  for (std::size_t n = 0; n < length; ++n) {
    const double phase = 2.0 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(length);
    impl_->hann[n] = static_cast<float>(0.5 - 0.5 * std::cos(phase));
  }
  impl_->windowed.resize(length);
  impl_->spectrum.resize(bins());
}

Stft::~Stft() = default;
Stft::Stft(Stft&&) noexcept = default;
Stft& Stft::operator=(Stft&&) noexcept = default;

std::size_t Stft::bins() const noexcept {
  return impl_->fft_samples / 2 + 1;
}

void Stft::power(const std::array<const float*, kBatchFrames>& frames, std::span<float> power) noexcept {
  Impl& impl = *impl_;
  assert(power.size() == bins() * kBatchFrames);
  for (std::size_t lane = 0; lane < kBatchFrames; ++lane) {
    for (std::size_t n = 0; n < impl.fft_samples; ++n) impl.windowed[n] = frames[lane][n] * impl.hann[n];
    kiss_fftr(impl.plan.get(), impl.windowed.data(), impl.spectrum.data());
    for (std::size_t bin = 0; bin < bins(); ++bin) {
      const kiss_fft_cpx value = impl.spectrum[bin];
      power[bin * kBatchFrames + lane] = value.r * value.r + value.i * value.i;
    }
  }
}

}  // namespace earshot
