#include "dsp/audio/PolyphaseBank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "dsp/base/FunctionClones.h"

namespace earshot {
namespace {

constexpr std::size_t kLanes = kRegisterLanes;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef float UnalignedLanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

// Outputs that follow each other take nearly the same input: their filters, moved to a common beginning, share its
// loads. Outputs a period apart share the filters' loads. Four by two sums and what they are made of fill the registers
// of AVX2.
constexpr std::size_t kNeighbours = 4;
constexpr std::size_t kPeriods = 2;

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

/// The filters of neighbours, `taps` each, over `Periods` stretches of input, `in_step` samples apart.
template <std::size_t Periods>
EARSHOT_INLINE void filter_stretches(const float* filters, std::size_t taps, const float* in, std::size_t in_step,
                                     float (*out)[kNeighbours]) {
  Lanes sums[Periods][kNeighbours] = {};
  for (std::size_t tap = 0; tap < taps; tap += kLanes) {
    Lanes samples[Periods];
    for (std::size_t period = 0; period < Periods; ++period)
      samples[period] = *reinterpret_cast<const UnalignedLanes*>(in + period * in_step + tap);
    for (std::size_t neighbour = 0; neighbour < kNeighbours; ++neighbour) {
      const Lanes weights = *reinterpret_cast<const UnalignedLanes*>(filters + neighbour * taps + tap);
      for (std::size_t period = 0; period < Periods; ++period) sums[period][neighbour] += weights * samples[period];
    }
  }
  for (std::size_t period = 0; period < Periods; ++period) {
    for (std::size_t neighbour = 0; neighbour < kNeighbours; ++neighbour)
      out[period][neighbour] = sum_of(sums[period][neighbour]);
  }
}

/// Of each of `periods` periods the neighbours -> out.
EARSHOT_CLONES void filter_periods(const float* filters, std::size_t taps, const float* in, std::size_t in_step,
                                   std::size_t periods, float (*out)[kNeighbours]) noexcept {
  std::size_t period = 0;
  for (; period + kPeriods <= periods; period += kPeriods)
    filter_stretches<kPeriods>(filters, taps, in + period * in_step, in_step, out + period);
  if (period < periods) filter_stretches<1>(filters, taps, in + period * in_step, in_step, out + period);
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
  // At least a group of neighbours: a few phases are as many as several times they.
  const std::uint64_t times = (kNeighbours + bank->phases_ - 1) / bank->phases_;
  bank->phases_ *= times;
  bank->step_ *= times;
  const std::uint64_t rows = (bank->phases_ + kNeighbours - 1) / kNeighbours * kNeighbours;
  const auto apart = static_cast<std::size_t>((kNeighbours - 1) * bank->step_ / bank->phases_) + 1;
  bank->taps_ = (2 * reach + 1 + apart + kLanes - 1) / kLanes * kLanes;
  bank->lead_ = bank->taps_ - 1 - reach - apart;
  const std::uint64_t most = kMaxBytes / sizeof(float);
  if (grid > most || bank->taps_ > most || rows > most / bank->taps_) return nullptr;

  const Interpolator at(prototype, grid);
  std::vector<float> response(static_cast<std::size_t>(at.end()));
  for (std::size_t i = 0; i < response.size(); ++i) response[i] = static_cast<float>(gain * at.at(i));
  bank->filters_.resize(static_cast<std::size_t>(rows) * bank->taps_);
  for (std::uint64_t row = 0; row < rows; ++row) {
    float* filter = bank->filters_.data() + row * bank->taps_;
    const std::int64_t first = bank->first_input(row / kNeighbours * kNeighbours);
    for (std::size_t tap = 0; tap < bank->taps_; ++tap) {
      // From this input to output number `row`, in steps of the prototype's grid.
      const std::int64_t distance =
          static_cast<std::int64_t>(row * bank->step_) -
          (first + static_cast<std::int64_t>(tap)) * static_cast<std::int64_t>(bank->phases_);
      const auto i = static_cast<std::size_t>(std::abs(distance)) / times;
      if (i < response.size()) filter[tap] = response[i];
    }
  }
  return bank;
}

std::int64_t PolyphaseBank::first_input(std::uint64_t n) const noexcept {
  return static_cast<std::int64_t>(n * step_ / phases_) - static_cast<std::int64_t>(lead_);
}

std::uint64_t PolyphaseBank::outputs_of(std::uint64_t n) const noexcept {
  // Group by group: one that begins with output b takes the inputs up to floor(b step / phases) - lead + taps - 1.
  const std::uint64_t behind = taps_ - lead_;
  if (n < behind) return 0;
  const std::uint64_t last = ((n - behind + 1) * phases_ + step_ - 1) / step_ - 1;  // the latest that could begin one
  const std::uint64_t phase = last % phases_;
  return last - phase + std::min(phases_, phase - phase % kNeighbours + kNeighbours);
}

void PolyphaseBank::convert(std::span<const float> in, std::int64_t in_start, std::uint64_t first,
                            std::span<float> out) const noexcept {
  constexpr std::size_t kAtOnce = 16;  // periods
  const std::uint64_t end = first + out.size();
  for (std::uint64_t phase = 0; phase < phases_; phase += kNeighbours) {
    const std::uint64_t width = std::min<std::uint64_t>(kNeighbours, phases_ - phase);
    // The periods whose outputs of these phases are asked for.
    std::uint64_t period = first < phase + width ? 0 : (first - phase - width) / phases_ + 1;
    const std::uint64_t period_end = end <= phase ? 0 : (end - phase - 1) / phases_ + 1;
    while (period < period_end) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kAtOnce, period_end - period));
      const std::uint64_t begin = period * phases_ + phase;
      float made[kAtOnce][kNeighbours];
      filter_periods(filters_.data() + phase * taps_, taps_, in.data() + (first_input(begin) - in_start),
                     static_cast<std::size_t>(step_), count, made);
      for (std::size_t i = 0; i < count; ++i) {
        for (std::uint64_t neighbour = 0; neighbour < width; ++neighbour) {
          const std::uint64_t n = begin + i * phases_ + neighbour;
          if (n >= first && n < end) out[static_cast<std::size_t>(n - first)] = made[i][neighbour];
        }
      }
      period += count;
    }
  }
}

}  // namespace earshot
