// Stft: the only file that knows KissFFT. Its C++ header takes any scalar; ours is a register of four frames.
#include "dsp/spectrum/Stft.h"

#include <cassert>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include <kissfft.hh>

namespace earshot {
namespace {

/// What kissfft<scalar> asks of a scalar.
struct Scalar {
  LaneVector lanes{};

  Scalar() = default;
  Scalar(LaneVector value) noexcept : lanes(value) {}
  Scalar(double value) noexcept : lanes(static_cast<float>(value) - LaneVector{}) {}
  Scalar(int value) noexcept : Scalar(static_cast<double>(value)) {}
  operator double() const noexcept { return static_cast<double>(lanes[0]); }

  Scalar& operator+=(Scalar other) noexcept { return *this = *this + other; }
  Scalar& operator-=(Scalar other) noexcept { return *this = *this - other; }
  Scalar& operator*=(Scalar other) noexcept { return *this = *this * other; }
  friend Scalar operator-(Scalar a) noexcept { return -a.lanes; }
  friend Scalar operator+(Scalar a, Scalar b) noexcept { return a.lanes + b.lanes; }
  friend Scalar operator-(Scalar a, Scalar b) noexcept { return a.lanes - b.lanes; }
  friend Scalar operator*(Scalar a, Scalar b) noexcept { return a.lanes * b.lanes; }
  friend Scalar operator*(std::size_t a, Scalar b) noexcept { return Scalar(static_cast<double>(a)) * b; }
  friend Scalar operator/(Scalar a, std::size_t b) noexcept { return a.lanes / static_cast<float>(b); }
  friend bool operator>=(Scalar a, int b) noexcept { return a.lanes[0] >= static_cast<float>(b); }
};

/// KissFFT computes the phases of its twiddle factors in `scalar_t`, 4e-7 off at the far end. They are whole
/// multiples of a turn / 2^16 (the FFT is a power of two, 2^16 at most), so rounding to those restores them.
double exact_phase(Scalar phase) noexcept {
  constexpr double kStepsPerTurn = 65536.0;
  constexpr double kTurn = 2.0 * std::numbers::pi;
  return std::round(static_cast<double>(phase) / kTurn * kStepsPerTurn) / kStepsPerTurn * kTurn;
}

// Found by std::exp(std::complex<Scalar>), which makes the twiddle factors.
[[maybe_unused]] Scalar exp(Scalar x) noexcept {
  return std::exp(static_cast<double>(x));
}
[[maybe_unused]] Scalar cos(Scalar phase) noexcept {
  return std::cos(exact_phase(phase));
}
[[maybe_unused]] Scalar sin(Scalar phase) noexcept {
  return std::sin(exact_phase(phase));
}

}  // namespace

struct Stft::Impl {
  Impl(std::size_t length, std::size_t frame)
      : fft_samples(length),
        transform(length / 2, false),
        inverse(length / 2, true),
        hann(frame),
        windowed(length / 2),
        unwound(length / 2),
        spectrum(length / 2),
        cosine(length / 2),
        sine(length / 2) {}

  std::size_t fft_samples;
  /// `frames` under the window -> `spectrum`.
  void run(const std::array<const float*, kLanes>& frames) noexcept;

  kissfft<Scalar> transform;
  kissfft<Scalar> inverse;
  std::vector<float> hann;
  std::vector<std::complex<Scalar>> windowed;  // even samples real, odd ones imaginary
  std::vector<std::complex<Scalar>> unwound;   // the inverse transform's, likewise
  std::vector<std::complex<Scalar>>
      spectrum;               // bin 0 and, in its imaginary part, the Nyquist bin; then bins 1 ...
  std::vector<float> cosine;  // of pi k / half, half being the transforms' length
  std::vector<float> sine;
};

Stft::Stft(int fft_samples, int frame_samples)
    : impl_(std::make_unique<Impl>(static_cast<std::size_t>(fft_samples),
                                   static_cast<std::size_t>(frame_samples))) {
  for (std::size_t n = 0; n < impl_->hann.size(); ++n) {
    const double turns = static_cast<double>(n) / static_cast<double>(impl_->hann.size());
    impl_->hann[n] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * turns));
  }
  for (std::size_t k = 0; k < impl_->sine.size(); ++k) {
    const double turns = static_cast<double>(k) / static_cast<double>(impl_->fft_samples);
    impl_->cosine[k] = static_cast<float>(std::cos(2.0 * std::numbers::pi * turns));
    impl_->sine[k] = static_cast<float>(std::sin(2.0 * std::numbers::pi * turns));
  }
}

Stft::~Stft() = default;
Stft::Stft(Stft&&) noexcept = default;
Stft& Stft::operator=(Stft&&) noexcept = default;

std::size_t Stft::bins() const noexcept {
  return impl_->fft_samples / 2 + 1;
}

std::span<const float> Stft::window() const noexcept {
  return impl_->hann;
}

void Stft::Impl::run(const std::array<const float*, kLanes>& frames) noexcept {
  const std::size_t frame_samples = hann.size();
  const std::size_t vectors_end = frame_samples / kLanes * kLanes;
  for (std::size_t n = 0; n < vectors_end; n += kLanes) {
    const LaneVector weights = load_lanes(&hann[n]);
    std::array<LaneVector, kLanes> samples;
    for (std::size_t lane = 0; lane < kLanes; ++lane) samples[lane] = load_lanes(frames[lane] + n) * weights;
    samples = transpose_lanes(samples);
    windowed[n / 2] = {samples[0], samples[1]};
    windowed[n / 2 + 1] = {samples[2], samples[3]};
  }
  // What is left of a frame that is no multiple of kLanes. The zeros after it are never written.
  for (std::size_t n = vectors_end; n < frame_samples; ++n) {
    LaneVector sample;
    for (std::size_t lane = 0; lane < kLanes; ++lane) sample[lane] = frames[lane][n] * hann[n];
    if (n % 2 == 0) {
      windowed[n / 2].real(sample);
    } else {
      windowed[n / 2].imag(sample);
    }
  }

  // transform_real takes the samples as plain scalars, and states that pairs of them are read as complex
  // numbers.
  transform.transform_real(reinterpret_cast<const Scalar*>(windowed.data()), spectrum.data());
}

void Stft::power(const std::array<const float*, kLanes>& frames, std::span<float> power) noexcept {
  assert(power.size() == bins() * kLanes);
  Impl& impl = *impl_;
  impl.run(frames);
  const auto store_power = [&power](std::size_t bin, Scalar re, Scalar im) {
    store_lanes(re.lanes * re.lanes + im.lanes * im.lanes, &power[bin * kLanes]);
  };
  store_power(0, impl.spectrum[0].real(), 0);
  for (std::size_t bin = 1; bin + 1 < bins(); ++bin) {
    store_power(bin, impl.spectrum[bin].real(), impl.spectrum[bin].imag());
  }
  store_power(bins() - 1, impl.spectrum[0].imag(), 0);
}

void Stft::spectrum(const std::array<const float*, kLanes>& frames, std::span<float> re,
                    std::span<float> im) noexcept {
  assert(re.size() == bins() * kLanes && im.size() == re.size());
  Impl& impl = *impl_;
  impl.run(frames);
  const auto store = [&](std::size_t bin, LaneVector real, LaneVector imaginary) {
    store_lanes(real, &re[bin * kLanes]);
    store_lanes(imaginary, &im[bin * kLanes]);
  };
  store(0, impl.spectrum[0].real().lanes, LaneVector{});
  for (std::size_t bin = 1; bin + 1 < bins(); ++bin) {
    store(bin, impl.spectrum[bin].real().lanes, impl.spectrum[bin].imag().lanes);
  }
  store(bins() - 1, impl.spectrum[0].imag().lanes, LaneVector{});
}

void Stft::windowed_inverse(std::span<const float> re, std::span<const float> im,
                            std::span<float> frames) noexcept {
  Impl& impl = *impl_;
  const std::size_t half = impl.fft_samples / 2;
  assert(impl.hann.size() == impl.fft_samples);
  assert(re.size() == bins() * kLanes && im.size() == re.size());
  assert(frames.size() == impl.fft_samples * kLanes);
  // Even and odd samples are the real and imaginary parts of a transform of half the length (Press et al.,
  // "Numerical Recipes", 12.3): Z[k] = X[k] + conj X[half - k] + j exp(j pi k / half) (X[k] - conj X[half -
  // k]).
  for (std::size_t k = 0; k < half; ++k) {
    const bool edge = k == 0;
    const LaneVector zero{};
    const LaneVector low_re = load_lanes(&re[k * kLanes]);
    const LaneVector low_im = edge ? zero : load_lanes(&im[k * kLanes]);
    const LaneVector high_re = load_lanes(&re[(half - k) * kLanes]);
    const LaneVector high_im = edge ? zero : -load_lanes(&im[(half - k) * kLanes]);
    const LaneVector apart_re = low_re - high_re;
    const LaneVector apart_im = low_im - high_im;
    const float c = impl.cosine[k];
    const float s = impl.sine[k];
    impl.spectrum[k] = {low_re + high_re - (apart_re * s + apart_im * c),
                        low_im + high_im + (apart_re * c - apart_im * s)};
  }
  impl.inverse.transform(impl.spectrum.data(), impl.unwound.data());
  const float scale = 1.0F / static_cast<float>(impl.fft_samples);
  for (std::size_t n = 0; n < impl.fft_samples; n += kLanes) {
    const LaneVector weights = load_lanes(&impl.hann[n]) * scale;
    const std::array<LaneVector, kLanes> lanes =
        transpose_lanes({impl.unwound[n / 2].real().lanes, impl.unwound[n / 2].imag().lanes,
                         impl.unwound[n / 2 + 1].real().lanes, impl.unwound[n / 2 + 1].imag().lanes});
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      store_lanes(lanes[lane] * weights, &frames[lane * impl.fft_samples + n]);
    }
  }
}

}  // namespace earshot
