// Oscillator: a sine, a saw or a square of any frequency, which may change from sample to sample.
#pragma once

#include <cmath>
#include <numbers>

#include "train/outliers/Outlier.h"

namespace earshot {

enum class Wave { sine, saw, square };

/// From -1 to 1. Jumps are rounded off so that little folds back from above half the rate (PolyBLEP: Välimäki
/// and Huovilainen 2007).
class Oscillator {
 public:
  /// `turns`, 0 .. 1: where it begins.
  explicit Oscillator(Wave wave, double turns = 0.0) noexcept : wave_(wave), turns_(turns) {}

  /// `hz` above 0, below a quarter of the rate.
  double operator()(double hz) noexcept {
    const double step = hz / kOutlierHz;
    turns_ += step;
    turns_ -= std::floor(turns_);
    switch (wave_) {
      case Wave::sine:
        return std::sin(2.0 * std::numbers::pi * turns_);
      case Wave::saw:
        return 2.0 * turns_ - 1.0 - round_off(turns_, step);
      case Wave::square:
        return (turns_ < 0.5 ? 1.0 : -1.0) + round_off(turns_, step) -
               round_off(std::fmod(turns_ + 0.5, 1.0), step);
    }
    return 0.0;
  }

 private:
  static double round_off(double turns, double step) noexcept {
    if (turns < step) {
      const double t = turns / step;
      return t + t - t * t - 1.0;
    }
    if (turns > 1.0 - step) {
      const double t = (turns - 1.0) / step;
      return t * t + t + t + 1.0;
    }
    return 0.0;
  }

  Wave wave_;
  double turns_;
};

}  // namespace earshot
