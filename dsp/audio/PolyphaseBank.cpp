#include "dsp/audio/PolyphaseBank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "dsp/base/FunctionClones.h"

namespace earshot {
namespace {

// Sums of an output: two vectors of eight, in this order on every processor.
constexpr std::size_t kLanes = 8;
constexpr std::size_t kVectors = 2;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef float UnalignedLanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

// Outputs of one phase that share each load of its filter.
constexpr std::size_t kTogether = 4;

/// I0, the modified Bessel function, by its power series.
double bessel_i0(double x) {
  double sum = 1.0;
  double term = 1.0;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

/// The prototype between the points where it is known: it holds nothing above half a cycle a sample, and they lie
/// `per_sample` to a sample, so that a short Kaiser-windowed sinc (Kaiser 1974) of -150 dB finds it.
class Interpolator {
 public:
  /// At whole multiples of 1 / `grid` samples.
  Interpolator(const SincPrototype& prototype, std::uint64_t grid)
      : prototype_(prototype), grid_(grid), weights_(grid) {
    constexpr double kBeta = 15.0;
    const double whole = bessel_i0(kBeta);
    for (std::uint64_t i = 0; i < grid; ++i) {
      const double fraction = static_cast<double>(i) / static_cast<double>(grid);
      for (int k = 0; k < kPoints; ++k) {
        const double x = fraction - static_cast<double>(k - kBefore);
        const double r = x / (kPoints / 2);
        const double window = r * r < 1.0 ? bessel_i0(kBeta * std::sqrt(1.0 - r * r)) / whole : 0.0;
        const double sinc = x == 0.0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
        weights_[i][static_cast<std::size_t>(k)] = window * sinc;
      }
    }
  }

  /// The first multiple, away from 0 on either side, at and beyond which the prototype is zero.
  std::uint64_t end() const noexcept {
    return prototype_.values.size() * grid_ / static_cast<std::uint64_t>(prototype_.per_sample);
  }

  /// At `i` / grid samples, i >= 0.
  double at(std::uint64_t i) const noexcept {
    const std::uint64_t scaled = i * static_cast<std::uint64_t>(prototype_.per_sample);
    const auto point = static_cast<std::int64_t>(scaled / grid_);
    const std::array<double, kPoints>& weights = weights_[scaled % grid_];
    double sum = 0.0;
    for (int k = 0; k < kPoints; ++k) {
      const auto known = static_cast<std::size_t>(std::abs(point + k - kBefore));  // it is symmetric
      if (known < prototype_.values.size()) sum += weights[static_cast<std::size_t>(k)] * prototype_.values[known];
    }
    return sum;
  }

 private:
  static constexpr int kPoints = 24;
  static constexpr int kBefore = kPoints / 2 - 1;

  const SincPrototype& prototype_;
  std::uint64_t grid_;
  std::vector<std::array<double, kPoints>> weights_;
};

EARSHOT_INLINE float sum_of(const Lanes& values) {
  std::array<float, kLanes> sums;
  for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] = values[lane];
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

/// `filter` over `Together` stretches of input, `in_step` samples apart -> outputs `out_step` apart.
template <std::size_t Together>
EARSHOT_INLINE void filter_stretches(const float* filter, std::size_t taps, const float* in, std::size_t in_step,
                                     float* out, std::size_t out_step) {
  Lanes sums[Together][kVectors] = {};
  for (std::size_t tap = 0; tap < taps; tap += kVectors * kLanes) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Lanes weights = *reinterpret_cast<const UnalignedLanes*>(filter + tap + v * kLanes);
      for (std::size_t i = 0; i < Together; ++i) {
        sums[i][v] += weights * *reinterpret_cast<const UnalignedLanes*>(in + i * in_step + tap + v * kLanes);
      }
    }
  }
  for (std::size_t i = 0; i < Together; ++i) out[i * out_step] = sum_of(sums[i][0] + sums[i][1]);
}

/// All of `count` stretches.
EARSHOT_CLONES void filter_all(const float* filter, std::size_t taps, const float* in, std::size_t in_step, float* out,
                               std::size_t out_step, std::size_t count) noexcept {
  const auto pass = [&](std::size_t done) EARSHOT_INLINE_LAMBDA {
    in += done * in_step;
    out += done * out_step;
    count -= done;
  };
  for (; count >= kTogether; pass(kTogether)) filter_stretches<kTogether>(filter, taps, in, in_step, out, out_step);
  for (; count >= 2; pass(2)) filter_stretches<2>(filter, taps, in, in_step, out, out_step);
  if (count > 0) filter_stretches<1>(filter, taps, in, in_step, out, out_step);
}

}  // namespace

std::unique_ptr<const PolyphaseBank> PolyphaseBank::make(int from_hz, int to_hz, const SincPrototype& prototype) {
  const int common = std::gcd(from_hz, to_hz);
  std::unique_ptr<PolyphaseBank> bank(new PolyphaseBank);
  bank->phases_ = static_cast<std::uint64_t>(to_hz / common);
  bank->step_ = static_cast<std::uint64_t>(from_hz / common);
  // To a lower rate the filter is as much longer and flatter: h(t) becomes r h(r t), r = to / from.
  const std::uint64_t grid = std::max(bank->phases_, bank->step_);
  const double gain = std::min(1.0, static_cast<double>(to_hz) / static_cast<double>(from_hz));
  const std::uint64_t half = prototype.values.size() * grid / static_cast<std::uint64_t>(prototype.per_sample);
  const auto reach = static_cast<std::size_t>(half / bank->phases_) + 1;  // input samples on either side
  constexpr std::size_t kAtOnce = kVectors * kLanes;
  bank->taps_ = (2 * reach + 1 + kAtOnce - 1) / kAtOnce * kAtOnce;
  bank->lead_ = bank->taps_ - 1 - reach;
  const std::uint64_t most = kMaxBytes / sizeof(float);
  if (grid > most || bank->taps_ > most || bank->phases_ > most / bank->taps_) return nullptr;

  const Interpolator at(prototype, grid);
  std::vector<float> response(static_cast<std::size_t>(at.end()));
  for (std::size_t i = 0; i < response.size(); ++i) response[i] = static_cast<float>(gain * at.at(i));
  bank->filters_.resize(static_cast<std::size_t>(bank->phases_) * bank->taps_);
  for (std::uint64_t phase = 0; phase < bank->phases_; ++phase) {
    float* filter = bank->filters_.data() + phase * bank->taps_;
    for (std::size_t tap = 0; tap < bank->taps_; ++tap) {
      // Input `tap` lies tap - lead samples behind the one before the output, which is phase / phases behind that.
      const std::int64_t distance = static_cast<std::int64_t>(phase) -
                                    (static_cast<std::int64_t>(tap) - static_cast<std::int64_t>(bank->lead_)) *
                                        static_cast<std::int64_t>(bank->phases_);
      const auto i = static_cast<std::size_t>(std::abs(distance));
      if (i < response.size()) filter[tap] = response[i];
    }
  }
  return bank;
}

std::int64_t PolyphaseBank::first_input(std::uint64_t n) const noexcept {
  return static_cast<std::int64_t>(n * step_ / phases_) - static_cast<std::int64_t>(lead_);
}

std::uint64_t PolyphaseBank::outputs_of(std::uint64_t n) const noexcept {
  // Output m takes inputs up to floor(m step / phases) - lead + taps - 1.
  const std::uint64_t behind = taps_ - lead_ - 1;
  if (n <= behind) return 0;
  return ((n - behind) * phases_ + step_ - 1) / step_;
}

void PolyphaseBank::convert(std::span<const float> in, std::int64_t in_start, std::uint64_t first,
                            std::span<float> out) const noexcept {
  const auto period = static_cast<std::size_t>(phases_);
  for (std::size_t i = 0; i < out.size() && i < period; ++i) {
    const std::uint64_t n = first + i;
    const float* filter = filters_.data() + n * step_ % phases_ * taps_;
    const std::size_t count = (out.size() - i + period - 1) / period;
    filter_all(filter, taps_, in.data() + (first_input(n) - in_start), static_cast<std::size_t>(step_),
               out.data() + i, period, count);
  }
}

}  // namespace earshot
