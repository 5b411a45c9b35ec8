#include "nn/training/ParameterStore.h"

#include <algorithm>

#include "dsp/base/Error.h"

namespace earshot {

ParameterStore::ParameterStore(const Architecture& architecture, const Weights& weights,
                               std::size_t frozen_layers)
    : specs_(parameter_specs(architecture)) {
  validate(weights, architecture);
  values_.reserve(specs_.size());
  gradients_.reserve(specs_.size());
  for (const ParameterSpec& spec : specs_) {
    values_.push_back(weights.at(spec.name).values);
    const bool trained = spec.trainable && spec.layer >= frozen_layers;
    gradients_.emplace_back(trained ? values_.back().size() : 0);
    all_.push_back({&spec, values_.back(), gradients_.back()});
    if (trained) trainable_.push_back(all_.back());
  }
}

const Parameter& ParameterStore::find(const std::string& name) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&](const Parameter& parameter) { return parameter.spec->name == name; });
  if (found == all_.end()) throw Error(ExitCode::software, "training: no layer owns a tensor '" + name + "'");
  return *found;
}

Weights ParameterStore::weights() const {
  Weights copy;
  for (const Parameter& parameter : all_) {
    copy[parameter.spec->name] = {parameter.spec->shape, {parameter.value.begin(), parameter.value.end()}};
  }
  return copy;
}

void ParameterStore::set(const Weights& weights) {
  for (const Parameter& parameter : all_) {
    std::ranges::copy(weights.at(parameter.spec->name).values, parameter.value.begin());
  }
}

}  // namespace earshot
