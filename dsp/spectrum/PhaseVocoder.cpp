#include "dsp/spectrum/PhaseVocoder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

#include "dsp/audio/Resampler.h"
#include "dsp/spectrum/Lanes.h"

namespace earshot {
namespace {

/// `spectra`, bins x kLanes, of lane `lane` -> bins values a step apart 1.
void unlace(const float* __restrict spectra, std::size_t lane, std::size_t bins, float* __restrict out) {
  for (std::size_t bin = 0; bin < bins; ++bin) out[bin] = spectra[bin * kLanes + lane];
}

/// Real and imaginary parts (bins each) -> magnitude, cosine, sine; numpy's angle of 0 is 0.
void to_polar(std::size_t bins, float* __restrict re, float* __restrict im, float* __restrict magnitudes) {
  for (std::size_t bin = 0; bin < bins; ++bin) {
    // In double: the square of what is under 1e-19 is none in single precision.
    const double real = re[bin];
    const double imaginary = im[bin];
    const double magnitude = std::sqrt(real * real + imaginary * imaginary);
    magnitudes[bin] = static_cast<float>(magnitude);
    re[bin] = magnitude > 0.0 ? static_cast<float>(real / magnitude) : 1.0F;
    im[bin] = magnitude > 0.0 ? static_cast<float>(imaginary / magnitude) : 0.0F;
  }
}

/// The phases of one output frame, and their way on to the next.
struct Phases {
  explicit Phases(std::size_t bins) : cosines(bins), sines(bins) {}
  std::vector<double> cosines;
  std::vector<double> sines;
};

/// `from` and `to`: a frame and the one after it. Adds to's phase less from's.
void advance(std::size_t bins, const float* __restrict from_cosines, const float* __restrict from_sines,
             const float* __restrict to_cosines, const float* __restrict to_sines, double* __restrict cosines,
             double* __restrict sines) {
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const double fc = from_cosines[bin];
    const double fs = from_sines[bin];
    const double tc = to_cosines[bin];
    const double ts = to_sines[bin];
    const double turn_cosine = tc * fc + ts * fs;
    const double turn_sine = ts * fc - tc * fs;
    const double c = cosines[bin] * turn_cosine - sines[bin] * turn_sine;
    const double s = cosines[bin] * turn_sine + sines[bin] * turn_cosine;
    // One step of Newton's method for 1 / sqrt keeps the length at 1.
    const double correction = 1.5 - 0.5 * (c * c + s * s);
    cosines[bin] = c * correction;
    sines[bin] = s * correction;
  }
}

}  // namespace

PhaseVocoder::PhaseVocoder(int fft_samples)
    : stft_(fft_samples),
      fft_samples_(static_cast<std::size_t>(fft_samples)),
      hop_samples_(fft_samples_ / 4),
      bins_(stft_.bins()) {}

/// One frame more than librosa's has: the zeros it pads with, of phase 0.
void PhaseVocoder::analyse(std::span<const float> samples) {
  frames_ = 1 + samples.size() / hop_samples_;
  const std::size_t half = fft_samples_ / 2;
  std::vector<float> padded(samples.size() + fft_samples_);
  std::ranges::copy(samples, padded.begin() + static_cast<std::ptrdiff_t>(half));
  magnitudes_.assign((frames_ + 1) * bins_, 0.0F);
  cosines_.assign(magnitudes_.size(), 1.0F);
  sines_.assign(magnitudes_.size(), 0.0F);
  std::vector<float> re(bins_ * kLanes);
  std::vector<float> im(re.size());
  for (std::size_t first = 0; first < frames_; first += kLanes) {
    std::array<const float*, kLanes> batch{};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      batch[lane] = &padded[std::min(first + lane, frames_ - 1) * hop_samples_];
    }
    stft_.spectrum(batch, re, im);
    for (std::size_t lane = 0; lane < std::min(kLanes, frames_ - first); ++lane) {
      const std::size_t at = (first + lane) * bins_;
      unlace(re.data(), lane, bins_, &cosines_[at]);
      unlace(im.data(), lane, bins_, &sines_[at]);
      to_polar(bins_, &cosines_[at], &sines_[at], &magnitudes_[at]);
    }
  }
}

std::vector<float> PhaseVocoder::time_stretch(std::span<const float> samples, double rate) {
  assert(rate > 0.0);
  // Python rounds halves to even, as nearbyint does.
  std::vector<float> out(
      static_cast<std::size_t>(std::nearbyint(static_cast<double>(samples.size()) / rate)));
  if (out.empty()) return out;
  analyse(samples);
  const auto steps = static_cast<std::size_t>(std::ceil(static_cast<double>(frames_) / rate));
  // Frames that lie wholly beyond the end are not made.
  const std::size_t frames = std::min(steps, (out.size() + fft_samples_ + hop_samples_ - 1) / hop_samples_);
  std::vector<float> sum(std::max(out.size() + fft_samples_, fft_samples_ + hop_samples_ * (frames - 1)));
  std::vector<float> squares(sum.size());

  Phases phases(bins_);
  for (std::size_t bin = 0; bin < bins_; ++bin) {
    phases.cosines[bin] = cosines_[bin];
    phases.sines[bin] = sines_[bin];
  }
  std::vector<float> re(bins_ * kLanes);
  std::vector<float> im(re.size());
  std::vector<float> inverse(fft_samples_ * kLanes);
  const std::span<const float> window = stft_.window();
  for (std::size_t first = 0; first < frames; first += kLanes) {
    const std::size_t lanes = std::min(kLanes, frames - first);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const double step = static_cast<double>(first + lane) * rate;
      const auto frame = std::min(static_cast<std::size_t>(step), frames_ - 1);
      const double alpha = step - std::floor(step);
      const float* from = &magnitudes_[frame * bins_];
      const float* to = from + bins_;
      for (std::size_t bin = 0; bin < bins_; ++bin) {
        const double magnitude = (1.0 - alpha) * from[bin] + alpha * to[bin];
        re[bin * kLanes + lane] = static_cast<float>(magnitude * phases.cosines[bin]);
        im[bin * kLanes + lane] = static_cast<float>(magnitude * phases.sines[bin]);
      }
      const std::size_t at = frame * bins_;
      advance(bins_, &cosines_[at], &sines_[at], &cosines_[at + bins_], &sines_[at + bins_],
              phases.cosines.data(), phases.sines.data());
    }
    stft_.windowed_inverse(re, im, inverse);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::size_t at = (first + lane) * hop_samples_;
      const float* frame = &inverse[lane * fft_samples_];
      for (std::size_t n = 0; n < fft_samples_; ++n) {
        sum[at + n] += frame[n];
        squares[at + n] += window[n] * window[n];
      }
    }
  }
  const std::size_t half = fft_samples_ / 2;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float weight = squares[half + i];
    out[i] = weight > std::numeric_limits<float>::min() ? sum[half + i] / weight : sum[half + i];
  }
  return out;
}

std::vector<float> PhaseVocoder::pitch_shift(std::span<const float> samples, double semitones) {
  const double rate = std::pow(2.0, -semitones / 12.0);
  std::vector<float> shifted = resample_by(time_stretch(samples, rate), 1.0 / rate, ResampleQuality::sinc);
  shifted.resize(samples.size());
  return shifted;
}

}  // namespace earshot
