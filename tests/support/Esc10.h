// Where ESC-10 is on this machine, if it is: $EARSHOT_ESC10, else ../shared/esc10 beside the checkout.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "tests/support/Skip.h"

namespace earshot::test {

/// Nothing if absent; then the test prints the line that ctest counts as skipped, and returns.
inline std::optional<std::filesystem::path> find_esc10() {
  const char* from_environment = std::getenv("EARSHOT_ESC10");
  const std::filesystem::path directory =
      from_environment ? std::filesystem::path(from_environment)
                       : std::filesystem::path(EARSHOT_SOURCE_DIR) / ".." / "shared" / "esc10";
  if (std::filesystem::exists(directory / "meta.csv")) return directory;
  skip("ESC-10 is not at " + directory.string() + " (set EARSHOT_ESC10)");
  return std::nullopt;
}

}  // namespace earshot::test
