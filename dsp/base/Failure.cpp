#include "dsp/base/Failure.h"

#include <filesystem>

#include "dsp/base/Utf8.h"

namespace earshot {

Failure failure_of(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return {printable(ours->what()), ours->code()};
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return {printable(files->path1().string() + ": cannot be used: " + files->code().message()), ExitCode::io};
  }
  return {printable(error.what()) + " (this is a bug)", ExitCode::software};
}

}  // namespace earshot
