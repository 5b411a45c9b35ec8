// Base: a model whose last layer is taught new sounds: everything before that layer, and the layer itself.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "nn/model/Model.h"

namespace earshot {

class PreparedNetwork;

/// The trunk gives an embedding of each window; the head, a dense layer, gives one logit a label. Immutable.
struct Base {
  /// Throws Error(bad_data) with the reason if `model` cannot be taught: its labels exclude each other (softmax), or
  /// its last layer is no dense layer with a bias over one row of numbers.
  explicit Base(Model model);

  Model model;
  std::string head;       ///< the dense layer's name, which prefixes its tensors
  std::size_t width = 0;  ///< numbers of an embedding
  std::shared_ptr<const PreparedNetwork> trunk;
  std::string digest;  ///< SHA-256 of recipe and trunk: models of equal ones give equal embeddings

  const Tensor& kernel() const { return model.weights.at(head + "/kernel"); }  ///< (width, labels)
  const Tensor& bias() const { return model.weights.at(head + "/bias"); }
};

}  // namespace earshot
