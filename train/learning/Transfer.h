// Transfer: a run that starts from another model's weights, some of its layers as they are there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dsp/base/StrictToml.h"
#include "dsp/features/FeatureRecipe.h"
#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot {

/// How a run starts.
struct TransferSettings {
  std::filesystem::path initial_weights;  ///< a model, or what Keras saved; empty: from the seed
  std::string freeze;                     ///< a number of layers, or the name of the last one; empty: none
};

/// Reads the table [transfer] if the file has it. Throws Error(config).
TransferSettings read_transfer(StrictToml& file);

/// What a model brings along; what its file does not say is empty.
struct InitialWeights {
  Weights weights;
  std::vector<std::string> labels;  ///< of the last layer's units
  std::optional<FeatureRecipe> recipe;
  std::map<std::string, std::string> provenance;
};

/// A model file, or a .keras or .h5 of Keras', whole or weights alone, for a network of `architecture`.
/// Throws Error(no_input), Error(bad_data) naming the file.
InitialWeights load_initial_weights(const std::filesystem::path& path, const Architecture& architecture);

/// The weights and layers that a run starts with.
struct Start {
  Architecture architecture;
  Weights weights;
  std::size_t frozen_layers = 0;  ///< of the architecture's first; they are not trained
  std::string summary;            ///< a line for the user: what was taken; empty without transfer
  std::map<std::string, std::string> settings;    ///< what decides about the weights, as settings_of()
  std::map<std::string, std::string> provenance;  ///< what a model of it says about where it comes from
};

/// Every tensor whose name and shape fit is taken; the others start from the seed, and so does the last dense
/// layer unless it gives the same labels. Throws Error naming what is wrong: no tensor fits, no such layer,
/// or layers that start from the seed would be frozen.
Start start_of(const TransferSettings& settings, const Architecture& architecture,
               const FeatureRecipe& recipe, const std::vector<std::string>& labels, std::uint64_t seed);

}  // namespace earshot
