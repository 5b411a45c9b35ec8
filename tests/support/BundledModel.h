// The model that Earshot brings, if this checkout has it.
#pragma once

#include <filesystem>
#include <optional>

#include "tests/support/Skip.h"

namespace earshot::test {

/// Nothing if absent; then the test prints the line that ctest counts as skipped, and returns.
inline std::optional<std::filesystem::path> find_bundled_model() {
  const std::filesystem::path model = std::filesystem::path(EARSHOT_SOURCE_DIR) / "config/earshot.safetensors";
  if (std::filesystem::exists(model)) return model;
  skip("no " + model.string());
  return std::nullopt;
}

}  // namespace earshot::test
