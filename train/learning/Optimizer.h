// Optimizer: what a step makes of the gradients: Adam, AdamW or SGD with momentum, each as in Keras 3.5.0.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "nn/training/Parameter.h"

namespace earshot {

/// With g = clip(gradient + 2 l2 w), l2 the tensor's own, and one t a step:
///   adam    Kingma, Ba 2015 in the form of their section 2, last paragraph:
///           a = lr sqrt(1 - beta_2^t) / (1 - beta_1^t);  m += (g - m)(1 - beta_1);
///           v += (g^2 - v)(1 - beta_2);  w -= a m / (sqrt(v) + epsilon)
///   adamw   the same from w - lr weight_decay w (Loshchilov, Hutter 2019)
///   sgd     g += weight_decay w;  m = momentum m - lr g;  w += m, or with Nesterov's momentum (Sutskever et
///           al. 2013) w += momentum m - lr g
/// Weight decay leaves biases and BatchNorm's gamma and beta alone. clip() scales all gradients by
/// clip_norm / max(norm, clip_norm), norm that of all of them together (Pascanu et al. 2013).
class Optimizer {
 public:
  enum class Kind { adam, adamw, sgd };
  struct Settings {
    Kind kind = Kind::adam;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-7;
    double momentum = 0.9;  ///< of sgd
    bool nesterov = true;
    double weight_decay = 0.0;  ///< of adamw and sgd
    double clip_norm = 0.0;     ///< 0: gradients are taken as they are
  };

  /// What a resumed run needs besides the weights.
  struct State {
    std::uint64_t steps = 0;
    /// "moments_1", "moments_2" (adam, adamw) or "momentum" (sgd): a value a weight, parameter after
    /// parameter.
    std::map<std::string, std::vector<float>> slots;
  };

  /// Keeps `parameters`, which must outlive it (Network::parameters does as long as the network). Moments
  /// start at 0.
  explicit Optimizer(std::span<const Parameter> parameters) : Optimizer(parameters, Settings{}) {}
  Optimizer(std::span<const Parameter> parameters, const Settings& settings);

  /// One step over every parameter, from its gradient and its spec's l2.
  void step(double learning_rate) noexcept;

  const State& state() const noexcept { return state_; }
  /// Throws Error(bad_data) if the slots are not these or do not fit the parameters.
  void set_state(State state);

 private:
  float clip_scale() const noexcept;
  void step_adam(double learning_rate, float clip) noexcept;
  void step_sgd(double learning_rate, float clip) noexcept;
  float decay_of(const Parameter& parameter) const noexcept;

  std::span<const Parameter> parameters_;
  Settings settings_;
  State state_;
};

}  // namespace earshot
