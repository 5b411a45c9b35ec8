// EventRate: how many events an hour, and how far so few of them may be from the truth.
#pragma once

#include <cstddef>

#include "train/measuring/Metrics.h"

namespace earshot {

/// The 95 % interval of the mean of a Poisson distribution that gave `events`: half of the quantiles of chi-square,
/// of 2 n degrees of freedom at 2.5 % and of 2 n + 2 at 97.5 % (Garwood, Fiducial limits for the Poisson distribution,
/// Biometrika 28, 1936).
Interval poisson_interval(std::size_t events) noexcept;

/// Events that come independently of each other, as far as the interval goes.
struct EventRate {
  std::size_t events = 0;
  double hours = 0.0;  ///< above 0

  double per_hour() const noexcept { return static_cast<double>(events) / hours; }
  Interval interval() const noexcept;
};

/// So many an hour may be in truth what was never heard in `hours`, at 95 %: the rule of three, -ln 0.05 being 3.00
/// (Hanley, Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 249, 1983).
inline double unseen_per_hour(double hours) noexcept {
  return 3.0 / hours;
}
/// And so many hours without an event show a rate of no more than `per_hour`.
inline double hours_to_show(double per_hour) noexcept {
  return 3.0 / per_hour;
}

}  // namespace earshot
