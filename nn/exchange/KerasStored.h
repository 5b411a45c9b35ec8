// KerasStored: the layers whose variables Keras' HDF5 files hold, and where.
#pragma once

#include <string>
#include <vector>

#include "nn/exchange/Hdf5File.h"

namespace earshot {

/// How a file keeps its weights.
enum class KerasLayout {
  store,   ///< Keras 3's .weights.h5: "layers/<class>[_n]/vars/<i>"
  legacy,  ///< Keras 2's .h5: "<layer>" with attribute weight_names, below "model_weights" in a whole model
};

/// Throws Error(bad_data) if it is neither.
KerasLayout keras_layout(const Hdf5File& file);

/// A layer in the file.
struct KerasStored {
  std::string name;  ///< its own; empty in a store of a Keras that does not write it
  std::string
      container;     ///< the model that holds it: in an .h5 the outermost one's layer, in a store its path
  std::string base;  ///< in a store the class: "conv2d"
  std::vector<std::string> variables;  ///< their last names; none in a store
  std::vector<std::string> paths;
  bool used = false;
};

/// Of a legacy file: "layer1/conv/bn/beta:0" is the variable "beta" of "layer1/conv/bn". All throw
/// Error(bad_data).
std::vector<KerasStored> legacy_keras_layers(const Hdf5File& file);
/// Of a store, nested models' too: "conv2d" before "conv2d_1" before "conv2d_10", class by class.
std::vector<KerasStored> store_keras_layers(const Hdf5File& file);
/// The paths of a store's layer's variables, "0", "1", ...
std::vector<std::string> store_keras_variables(const Hdf5File& file, const std::string& layer);

/// "a/b/kernel" -> "kernel".
std::string last_keras_name(const std::string& path);
/// "conv2d_3" -> "conv2d".
std::string without_number(const std::string& name);

}  // namespace earshot
