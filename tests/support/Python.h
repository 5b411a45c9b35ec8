// Python: peers of other projects, in the interpreter that $EARSHOT_PYTHON names.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "tests/support/Child.h"
#include "tests/support/Skip.h"

namespace earshot::test {

/// The interpreter, if there is one that can import `module`; else prints why the test is skipped.
inline std::optional<std::string> python_with(const std::string& module) {
  const char* python = std::getenv("EARSHOT_PYTHON");
  if (!python) {
    skip("EARSHOT_PYTHON names no interpreter that has " + module);
    return std::nullopt;
  }
  if (run_program({python, "-c", "import " + module}).code == 0) return python;
  skip(std::string(python) + " cannot import " + module);
  return std::nullopt;
}

}  // namespace earshot::test
