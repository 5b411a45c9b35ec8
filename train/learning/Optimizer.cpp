#include "train/learning/Optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr const char* kMoments1 = "moments_1";
constexpr const char* kMoments2 = "moments_2";
constexpr const char* kMomentum = "momentum";

}  // namespace

Optimizer::Optimizer(std::span<const Parameter> parameters, const Settings& settings)
    : parameters_(parameters), settings_(settings) {
  std::size_t values = 0;
  for (const Parameter& parameter : parameters) values += parameter.value.size();
  if (settings.kind == Kind::sgd) {
    state_.slots[kMomentum].resize(values);
  } else {
    state_.slots[kMoments1].resize(values);
    state_.slots[kMoments2].resize(values);
  }
}

void Optimizer::step(double learning_rate) noexcept {
  ++state_.steps;
  const float clip = settings_.clip_norm > 0.0 ? clip_scale() : 1.0F;
  if (settings_.kind == Kind::sgd) {
    step_sgd(learning_rate, clip);
  } else {
    step_adam(learning_rate, clip);
  }
}

float Optimizer::clip_scale() const noexcept {
  double squares = 0.0;
  for (const Parameter& parameter : parameters_) {
    const float l2 = 2.0F * parameter.spec->l2;
    for (std::size_t i = 0; i < parameter.value.size(); ++i) {
      const double g = parameter.gradient[i] + l2 * parameter.value[i];
      squares += g * g;
    }
  }
  return static_cast<float>(settings_.clip_norm / std::max(std::sqrt(squares), settings_.clip_norm));
}

float Optimizer::decay_of(const Parameter& parameter) const noexcept {
  const std::string& name = parameter.spec->name;
  const bool spared = name.ends_with("/bias") || name.ends_with("/gamma") || name.ends_with("/beta");
  return spared ? 0.0F : static_cast<float>(settings_.weight_decay);
}

void Optimizer::step_adam(double learning_rate, float clip) noexcept {
  const double t = static_cast<double>(state_.steps);
  const auto rate = static_cast<float>(learning_rate * std::sqrt(1.0 - std::pow(settings_.beta_2, t)) /
                                       (1.0 - std::pow(settings_.beta_1, t)));
  const auto rest_1 = static_cast<float>(1.0 - settings_.beta_1);
  const auto rest_2 = static_cast<float>(1.0 - settings_.beta_2);
  const auto epsilon = static_cast<float>(settings_.epsilon);
  float* m = state_.slots.find(kMoments1)->second.data();
  float* v = state_.slots.find(kMoments2)->second.data();
  for (const Parameter& parameter : parameters_) {
    const float l2 = 2.0F * parameter.spec->l2;
    const float decay =
        settings_.kind == Kind::adamw ? static_cast<float>(learning_rate) * decay_of(parameter) : 0.0F;
    const std::size_t values = parameter.value.size();
    for (std::size_t i = 0; i < values; ++i) {
      const float w = parameter.value[i];
      const float g = (parameter.gradient[i] + l2 * w) * clip;
      m[i] += (g - m[i]) * rest_1;
      v[i] += (g * g - v[i]) * rest_2;
      parameter.value[i] = w - decay * w - rate * m[i] / (std::sqrt(v[i]) + epsilon);
    }
    m += values;
    v += values;
  }
}

void Optimizer::step_sgd(double learning_rate, float clip) noexcept {
  const auto rate = static_cast<float>(learning_rate);
  const auto momentum = static_cast<float>(settings_.momentum);
  float* m = state_.slots.find(kMomentum)->second.data();
  for (const Parameter& parameter : parameters_) {
    const float l2 = 2.0F * parameter.spec->l2;
    const float decay = decay_of(parameter);
    const std::size_t values = parameter.value.size();
    for (std::size_t i = 0; i < values; ++i) {
      const float w = parameter.value[i];
      const float g = (parameter.gradient[i] + l2 * w) * clip + decay * w;
      m[i] = momentum * m[i] - rate * g;
      parameter.value[i] = settings_.nesterov ? w + momentum * m[i] - rate * g : w + m[i];
    }
    m += values;
  }
}

void Optimizer::set_state(State state) {
  for (const auto& [name, slot] : state_.slots) {
    const auto found = state.slots.find(name);
    const std::size_t size = found == state.slots.end() ? 0 : found->second.size();
    if (size != slot.size()) {
      throw Error(ExitCode::bad_data,
                  fmt::format("optimizer/{}: found {} values, expected {}", name, size, slot.size()));
    }
  }
  if (state.slots.size() != state_.slots.size()) {
    throw Error(ExitCode::bad_data, fmt::format("optimizer: found {} slots, expected {}", state.slots.size(),
                                                state_.slots.size()));
  }
  state_ = std::move(state);
}

}  // namespace earshot
