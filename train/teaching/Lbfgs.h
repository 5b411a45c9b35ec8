// Lbfgs: a search for the least of a smooth function (Nocedal 1980), one evaluation at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

namespace earshot {

/// Ask for trial(), evaluate the function there, tell() it, until done().
class Lbfgs {
 public:
  using Numbers = std::vector<double>;

  /// `value` and `gradient` of the function at `start`. Done once the gradient is no longer than
  /// `short_gradient`.
  Lbfgs(Numbers start, double value, Numbers gradient, double short_gradient);

  bool done() const noexcept { return done_; }
  const Numbers& at() const noexcept { return at_; }
  Numbers trial() const;
  /// Of the function at `trial`; a step that does not lessen it enough (Armijo) is halved.
  void tell(Numbers trial, double value, Numbers gradient);

 private:
  struct Correction {
    Numbers moved;
    Numbers turned;
    double product;
  };

  void aim();

  Numbers at_;
  double value_;
  Numbers gradient_;
  double short_gradient_;
  Numbers direction_;
  double step_ = 0.0;
  bool done_ = false;
  std::deque<Correction> corrections_;
};

}  // namespace earshot
