// KerasImport: a file that Keras wrote -> architecture and weights.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot {

struct KerasNetwork {
  Architecture architecture;
  Weights weights;            ///< validated, except for what is `missing`
  std::string format;         ///< for people: "Keras 3 archive", "Keras HDF5 model", "Keras HDF5 weights"
  std::string keras_version;  ///< empty if the file does not tell
  std::string sha256;         ///< of the file
  std::vector<std::string> missing;  ///< layers that own tensors and are not in a file of weights alone
  std::vector<std::string> unused;   ///< layers of such a file that the architecture has no use for
  std::vector<std::string> notes;    ///< what was not taken over, a line each
};

/// Whether the file's name ends as Keras names its files: .keras, .h5, .hdf5.
bool is_keras_file(const std::filesystem::path& path);

/// Reads `.keras` archives, and `.h5` of Keras 2 and 3, whole models and weights alone. The latter need
/// `known`, the architecture that they are for; a whole model has its own, and `known` is not looked at.
/// Where a model leaves the size of its input open, it is `input`. Throws Error(no_input), Error(bad_data),
/// Error(usage) for weights alone without `known`; each names the file.
KerasNetwork read_keras(const std::filesystem::path& path, const Architecture* known,
                        const FeatureShape& input);

/// With ImageNet weights EfficientNet has one more Rescaling in Keras. For a `target` without it, its factors
/// go into the normalisation's variance, and a note says so; any other network stays as it is. Weights alone
/// are read so.
void fold_imagenet_rescaling(KerasNetwork& network, const Architecture& target);

}  // namespace earshot
