// Python: peers of other projects, in the interpreter that $EARSHOT_PYTHON names.
#pragma once

#include <unistd.h>

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

/// Debian's own interpreter, for modules that Debian packages, if it can import `module`; else prints why the
/// test is skipped.
inline std::optional<std::string> debian_python_with(const std::string& module) {
  const std::string python = "/usr/bin/python3";
  if (::access(python.c_str(), X_OK) == 0 && run_program({python, "-c", "import " + module}).code == 0)
    return python;
  skip(python + " is not there or cannot import " + module);
  return std::nullopt;
}

}  // namespace earshot::test
