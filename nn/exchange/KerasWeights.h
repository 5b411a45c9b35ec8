// KerasWeights: the variables in Keras' HDF5 files -> tensors by our layers' names. Optimizer state is not
// even read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/exchange/Hdf5File.h"
#include "nn/exchange/KerasGraph.h"
#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot {

/// What a file held for an architecture.
struct KerasWeights {
  Weights weights;
  std::vector<std::string> missing;  ///< layers of the architecture that own tensors and are not in the file
  std::vector<std::string> unused;   ///< layers of the file that the architecture has no use for
};

/// With what the configuration in the same file says about where each layer lies. Throws Error(bad_data)
/// naming the layer, what was found and expected unless all tensors are there and fit.
KerasWeights read_keras_weights(const Hdf5File& file, const KerasGraph& graph);

/// A file of weights alone, for an architecture that is known: by layer name; what has a name of its own in
/// the file
/// ("dense_3", "normalization_1") by kind, order and shape. Throws Error(bad_data) if a layer of the same
/// name has other shapes; what is missing is told in the result.
KerasWeights read_keras_weights(const Hdf5File& file, const Architecture& architecture);

}  // namespace earshot
