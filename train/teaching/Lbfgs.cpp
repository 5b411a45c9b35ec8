#include "train/teaching/Lbfgs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace earshot {
namespace {

constexpr std::size_t kCorrections = 10;
constexpr double kShortStep = 1e-10;
constexpr double kEnough = 1e-4;

double inner(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

Lbfgs::Lbfgs(Numbers start, double value, Numbers gradient, double short_gradient)
    : at_(std::move(start)), value_(value), gradient_(std::move(gradient)), short_gradient_(short_gradient) {
  aim();
}

Lbfgs::Numbers Lbfgs::trial() const {
  Numbers to = at_;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += step_ * direction_[i];
  return to;
}

void Lbfgs::tell(Numbers trial, double value, Numbers gradient) {
  if (value > value_ + kEnough * step_ * inner(gradient_, direction_)) {
    step_ /= 2.0;
    done_ = step_ < kShortStep;
    return;
  }
  Correction correction{trial, gradient, 0.0};
  for (std::size_t i = 0; i < trial.size(); ++i) {
    correction.moved[i] -= at_[i];
    correction.turned[i] -= gradient_[i];
  }
  correction.product = inner(correction.moved, correction.turned);
  if (correction.product > 0.0) corrections_.push_back(std::move(correction));
  if (corrections_.size() > kCorrections) corrections_.pop_front();
  at_ = std::move(trial);
  value_ = value;
  gradient_ = std::move(gradient);
  aim();
}

// The two loops over the corrections.
void Lbfgs::aim() {
  done_ = std::sqrt(inner(gradient_, gradient_)) <= short_gradient_;
  direction_ = gradient_;
  std::vector<double> shares(corrections_.size());
  for (std::size_t i = corrections_.size(); i-- > 0;) {
    const Correction& c = corrections_[i];
    shares[i] = inner(c.moved, direction_) / c.product;
    for (std::size_t j = 0; j < direction_.size(); ++j) direction_[j] -= shares[i] * c.turned[j];
  }
  if (!corrections_.empty()) {
    const Correction& last = corrections_.back();
    const double curvature = last.product / inner(last.turned, last.turned);
    for (double& number : direction_) number *= curvature;
  }
  for (std::size_t i = 0; i < corrections_.size(); ++i) {
    const Correction& c = corrections_[i];
    const double back = shares[i] - inner(c.turned, direction_) / c.product;
    for (std::size_t j = 0; j < direction_.size(); ++j) direction_[j] += back * c.moved[j];
  }
  for (double& number : direction_) number = -number;
  step_ = corrections_.empty() ? std::min(1.0, 1.0 / std::sqrt(inner(gradient_, gradient_))) : 1.0;
}

}  // namespace earshot
