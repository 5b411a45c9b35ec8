#include "dsp/base/Uncaught.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

const char* program_name = "";

std::string description(const std::exception_ptr& exception) {
  if (!exception) return "ended by itself";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an unknown exception";
  }
}

[[noreturn]] void tell_and_end() {
  const std::string line =
      std::string(program_name) + ": " + description(std::current_exception()) + " (this is a bug)\n";
  // Whatever failed may have happened while a stream was locked; a line that cannot be written changes
  // nothing.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  std::_Exit(static_cast<int>(ExitCode::software));
}

}  // namespace

void end_uncaught_as_bug(const char* program) {
  program_name = program;
  std::set_terminate(tell_and_end);
}

}  // namespace earshot
