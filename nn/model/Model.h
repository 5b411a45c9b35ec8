// Model: recipe + labels + architecture + weights + calibration + provenance, one safetensors file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "nn/model/Architecture.h"
#include "nn/model/LabelMeanings.h"
#include "nn/model/Weights.h"

namespace earshot {

struct Model {
  std::string name;  ///< what `hello` calls it: the file's stem when loaded
  FeatureRecipe recipe;
  std::vector<std::string> labels;  ///< in the order of the logits
  Architecture architecture;
  Weights weights;
  float temperature = 1.0F;                       ///< scores are softmax(logits / temperature)
  LabelMeanings meanings;
  std::map<std::string, std::string> provenance;  ///< who made it, when, from what; "notice" credits the data
  std::string sha256;  ///< of the file it was loaded from, lower-case hex; else empty
};

/// Throws Error(no_input) if missing, Error(bad_data) naming the file, what was found and what was expected
/// if it is truncated, altered (a checksum over all tensors is kept inside), foreign or out of bounds. Never
/// allocates more than the file's own size times a small constant before it knows that file to be sound.
Model load_model(const std::filesystem::path& path);
/// The same of the file's bytes: no name, no sha256, and errors that name no file.
Model parse_model(std::string_view bytes);

/// The bytes of a model file. Throws Error for a model that cannot be read back the same: labels that are not
/// UTF-8, numbers with too many digits, weights that do not fit the architecture.
std::string check_writable(const Model& model);

/// Written to a temporary name, synced, renamed. Throws Error(io), Error(software) for a model that does not
/// fit itself.
void save_model(const Model& model, const std::filesystem::path& path);

}  // namespace earshot
