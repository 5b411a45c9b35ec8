// Failure: how a program tells what ended it: one line and an exit code.
#pragma once

#include <exception>
#include <string>

#include "dsp/base/Error.h"

namespace earshot {

struct Failure {
  std::string line;  ///< as printable() shows it, without the program's name
  ExitCode code;
};

/// An Error as it says; what the file system refused by its path and reason, code 74; anything else is our
/// bug, code 70, and says so.
Failure failure_of(const std::exception& error);

}  // namespace earshot
