// ImportCommand: `trainer import`, a network of Keras' becomes a model.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "dsp/features/FeatureRecipe.h"
#include "nn/exchange/KerasImport.h"

namespace earshot {

class CommandLine;

struct ImportOptions {
  std::filesystem::path file;
  std::string labels;  ///< as read_labels() takes them
  std::filesystem::path out;
  std::optional<std::string>
      recipe;                      ///< by name, or a TOML file that has one; else the architecture's, or v6
  std::optional<double> window_s;  ///< instead of the recipe's
  std::optional<std::filesystem::path> meanings;  ///< as load_meanings() takes them
  std::string bits = "32";                  ///< of a kernel's value, or 16
  std::optional<std::string> notice;        ///< whom the model credits
  std::optional<std::string> architecture;  ///< for a file of weights alone: v6, v5, efficientnet_b0, yamnet
};

/// What was read, to standard output. Throws Error; `out` is then as it was.
void run_import(const ImportOptions& options);
void add_import(CommandLine& line);

}  // namespace earshot
