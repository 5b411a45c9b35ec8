// The one exception that reaches a user: a line that names what was found and expected, and an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace earshot {

/// Exit codes of all programs, from sysexits(3).
enum class ExitCode : int {
  ok = 0,
  usage = 64,        ///< the command line is wrong
  bad_data = 65,     ///< an input file is not what it should be
  no_input = 66,     ///< an input file is missing or unreadable
  unavailable = 69,  ///< something needed is not there (a device, a port, a processor feature)
  software = 70,     ///< our bug
  io = 74,           ///< a read or write failed midway
  config = 78,       ///< the configuration is wrong
};

/// Thrown by setup code only; streaming code is noexcept and counts. `what()` is one line without a newline,
/// naming the file, the key or line, what was found and what was expected.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& line) : std::runtime_error(line), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

}  // namespace earshot
