#include "train/measuring/EventRate.h"

#include <cmath>
#include <limits>

namespace earshot {
namespace {

// The regularised incomplete gamma function P(a, x) as the series of Abramowitz, Stegun 6.5.29, whose terms are all
// positive: e^-x x^a / Gamma(a + 1) (1 + x / (a + 1) + x^2 / ((a + 1) (a + 2)) + ...).
double incomplete_gamma(double a, double x) noexcept {
  if (x <= 0.0) return 0.0;
  double term = 1.0;
  double sum = 1.0;
  for (double k = a + 1.0; term > sum * std::numeric_limits<double>::epsilon(); k += 1.0) {
    term *= x / k;
    sum += term;
  }
  return std::exp(a * std::log(x) - x - std::lgamma(a + 1.0)) * sum;
}

// x with P(a, x) = probability, by bisection: half of the quantile of chi-square of 2 a degrees of freedom.
double half_chi_square(double a, double probability) noexcept {
  double low = 0.0;
  double high = a + 10.0 * std::sqrt(a) + 10.0;  // ten deviations above the mean
  for (;;) {
    const double middle = low + (high - low) / 2.0;
    if (middle <= low || middle >= high) return middle;
    (incomplete_gamma(a, middle) < probability ? low : high) = middle;
  }
}

}  // namespace

Interval poisson_interval(std::size_t events) noexcept {
  const auto n = static_cast<double>(events);
  return {events == 0 ? 0.0 : half_chi_square(n, 0.025), half_chi_square(n + 1.0, 0.975)};
}

Interval EventRate::interval() const noexcept {
  const Interval mean = poisson_interval(events);
  return {mean.low / hours, mean.high / hours};
}

}  // namespace earshot
