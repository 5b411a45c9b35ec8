#include "dsp/spectrum/AWeighting.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dsp/spectrum/Lanes.h"

namespace earshot {
namespace {

constexpr double kLeastDb = -80.0;

// 4096 samples at 44.1 kHz, as published.
constexpr double kFrameS = 0.0925;

int frame_of(int rate_hz) noexcept {
  int samples = 64;
  while (samples < kFrameS * rate_hz && samples < 32768) samples *= 2;
  return samples;
}

}  // namespace

double a_weight_db(double hz) noexcept {
  const double f2 = hz * hz;
  constexpr auto squared = [](double x) { return x * x; };
  const double response = squared(12194.0) * f2 * f2 /
                          ((f2 + squared(20.6)) * std::sqrt((f2 + squared(107.7)) * (f2 + squared(737.9))) *
                           (f2 + squared(12194.0)));
  return response > 0.0 ? std::max(kLeastDb, 20.0 * std::log10(response) + 2.0) : kLeastDb;
}

AWeighting::AWeighting(int rate_hz)
    : stft_(frame_of(rate_hz)),
      frame_samples_(static_cast<std::size_t>(frame_of(rate_hz))),
      power_(stft_.bins() * kLanes),
      padded_(frame_samples_) {
  for (std::size_t bin = 0; bin < stft_.bins(); ++bin) {
    const double hz = static_cast<double>(bin) * rate_hz / static_cast<double>(frame_samples_);
    weights_.push_back(static_cast<float>(std::pow(10.0, a_weight_db(hz) / 10.0)));
  }
}

double AWeighting::loudest_db(std::span<const float> samples) {
  if (samples.size() < frame_samples_) {
    std::ranges::fill(padded_, 0.0F);
    std::ranges::copy(samples, padded_.begin());
    samples = padded_;
  }
  const std::size_t frames = 1 + (samples.size() - frame_samples_) / (frame_samples_ / 2);
  float loudest = 0.0F;
  for (std::size_t first = 0; first < frames; first += kLanes) {
    std::array<const float*, kLanes> batch{};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      batch[lane] = &samples[std::min(first + lane, frames - 1) * (frame_samples_ / 2)];
    }
    stft_.power(batch, power_);
    LaneVector sums{};
    for (std::size_t bin = 0; bin < weights_.size(); ++bin) {
      sums += load_lanes(&power_[bin * kLanes]) * weights_[bin];
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) loudest = std::max(loudest, sums[lane]);
  }
  return std::max(kLeastDb, 10.0 * std::log10(static_cast<double>(loudest) + 1e-30));
}

}  // namespace earshot
