// Adam: the optimizer of Keras 3.5.0, epsilon outside the root and on the uncorrected second moment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/Network.h"

namespace earshot {

/// Kingma, Ba 2015 in the form of their section 2, last paragraph:
///   a = lr sqrt(1 - beta_2^t) / (1 - beta_1^t);  m += (g - m)(1 - beta_1);  v += (g^2 - v)(1 - beta_2);
///   w -= a m / (sqrt(v) + epsilon), with g = gradient + 2 l2 w and one t a step.
class Adam {
 public:
  struct Settings {
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-7;
  };

  /// What a resumed run needs besides the weights: both moments, parameter after parameter.
  struct State {
    std::uint64_t steps = 0;
    std::vector<float> moments_1;
    std::vector<float> moments_2;
  };

  /// Keeps `parameters`, which must outlive it (Network::parameters does as long as the network). Moments
  /// start at 0.
  explicit Adam(std::span<const Parameter> parameters) : Adam(parameters, Settings{}) {}
  Adam(std::span<const Parameter> parameters, const Settings& settings);

  /// One step over every parameter, from its gradient and its spec's l2.
  void step(double learning_rate) noexcept;

  const State& state() const noexcept { return state_; }
  /// Throws Error(bad_data) if the moments are not as many as the parameters have values.
  void set_state(State state);

 private:
  std::span<const Parameter> parameters_;
  Settings settings_;
  State state_;
};

}  // namespace earshot
