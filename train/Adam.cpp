#include "train/Adam.h"

#include <cmath>
#include <string>
#include <utility>

#include "dsp/Error.h"

namespace earshot {
namespace {

std::size_t count_values(std::span<const Parameter> parameters) {
  std::size_t values = 0;
  for (const Parameter& parameter : parameters) values += parameter.value.size();
  return values;
}

}  // namespace

Adam::Adam(std::span<const Parameter> parameters, const Settings& settings)
    : parameters_(parameters), settings_(settings) {
  state_.moments_1.resize(count_values(parameters));
  state_.moments_2.resize(state_.moments_1.size());
}

void Adam::step(double learning_rate) noexcept {
  const double t = static_cast<double>(++state_.steps);
  const auto rate = static_cast<float>(learning_rate * std::sqrt(1.0 - std::pow(settings_.beta_2, t)) /
                                       (1.0 - std::pow(settings_.beta_1, t)));
  const auto rest_1 = static_cast<float>(1.0 - settings_.beta_1);
  const auto rest_2 = static_cast<float>(1.0 - settings_.beta_2);
  const auto epsilon = static_cast<float>(settings_.epsilon);
  float* m = state_.moments_1.data();
  float* v = state_.moments_2.data();
  for (const Parameter& parameter : parameters_) {
    const float decay = 2.0F * parameter.spec->l2;
    const std::size_t values = parameter.value.size();
    for (std::size_t i = 0; i < values; ++i) {
      const float g = parameter.gradient[i] + decay * parameter.value[i];
      m[i] += (g - m[i]) * rest_1;
      v[i] += (g * g - v[i]) * rest_2;
      parameter.value[i] -= rate * m[i] / (std::sqrt(v[i]) + epsilon);
    }
    m += values;
    v += values;
  }
}

void Adam::set_state(State state) {
  const std::size_t expected = state_.moments_1.size();
  if (state.moments_1.size() != expected || state.moments_2.size() != expected) {
    throw Error(ExitCode::bad_data, "optimizer state: found " + std::to_string(state.moments_1.size()) +
                                        " and " + std::to_string(state.moments_2.size()) +
                                        " moments, expected " + std::to_string(expected) + " of each");
  }
  state_ = std::move(state);
}

}  // namespace earshot
