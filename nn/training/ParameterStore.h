// ParameterStore: a network's master tensors in Keras' layouts, and the gradients of those that are trained.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"
#include "nn/training/Parameter.h"

namespace earshot {

/// Never moves a tensor: spans handed out live as long as the store.
class ParameterStore {
 public:
  /// The first `frozen_layers` layers have no gradients. Throws Error(bad_data) if weights and architecture
  /// do not fit.
  ParameterStore(const Architecture& architecture, const Weights& weights, std::size_t frozen_layers);
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  /// `gradient` is empty for what is not trained. Throws Error(software) for a name that no tensor has.
  const Parameter& find(const std::string& name) const;
  /// In the order of parameter_specs().
  std::span<const Parameter> trainable() const noexcept { return trainable_; }
  /// Likewise, what is not trained included.
  std::span<const Parameter> all() const noexcept { return all_; }

  Weights weights() const;
  /// The caller has validated them.
  void set(const Weights& weights);

 private:
  std::vector<ParameterSpec> specs_;
  std::vector<std::vector<float>> values_;
  std::vector<std::vector<float>> gradients_;
  std::vector<Parameter> all_;
  std::vector<Parameter> trainable_;
};

}  // namespace earshot
