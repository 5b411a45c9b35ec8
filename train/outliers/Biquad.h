// Biquad: low-, high- and band-pass filters of second order.
#pragma once

#include <cmath>
#include <numbers>

#include "train/outliers/Samples.h"

namespace earshot {

/// Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients".
class Biquad {
 public:
  static Biquad low_pass(double hz, double q = 0.7071) {
    const Design at(hz, q);
    return {at, (1.0 - at.cosine) / 2.0, 1.0 - at.cosine, (1.0 - at.cosine) / 2.0};
  }
  static Biquad high_pass(double hz, double q = 0.7071) {
    const Design at(hz, q);
    return {at, (1.0 + at.cosine) / 2.0, -1.0 - at.cosine, (1.0 + at.cosine) / 2.0};
  }
  /// 0 dB at `hz`.
  static Biquad band_pass(double hz, double q) {
    const Design at(hz, q);
    return {at, at.alpha, 0.0, -at.alpha};
  }

  double operator()(double in) noexcept {
    const double out = b0_ * in + state1_;
    state1_ = b1_ * in - a1_ * out + state2_;
    state2_ = b2_ * in - a2_ * out;
    return out;
  }
  void filter(Samples& samples) noexcept {
    for (float& sample : samples) sample = static_cast<float>((*this)(static_cast<double>(sample)));
  }

 private:
  struct Design {
    Design(double hz, double q)
        : cosine(std::cos(2.0 * std::numbers::pi * hz / kOutlierHz)),
          alpha(std::sin(2.0 * std::numbers::pi * hz / kOutlierHz) / (2.0 * q)) {}
    double cosine, alpha;
  };
  Biquad(const Design& at, double b0, double b1, double b2)
      : b0_(b0 / (1.0 + at.alpha)),
        b1_(b1 / (1.0 + at.alpha)),
        b2_(b2 / (1.0 + at.alpha)),
        a1_(-2.0 * at.cosine / (1.0 + at.alpha)),
        a2_((1.0 - at.alpha) / (1.0 + at.alpha)) {}

  double b0_, b1_, b2_, a1_, a2_;
  double state1_ = 0.0;
  double state2_ = 0.0;
};

}  // namespace earshot
