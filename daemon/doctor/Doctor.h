// `earshot doctor`: what goes wrong in practice, looked at in order, and how to mend it.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>

#include "dsp/base/Error.h"
#include "dsp/base/Terminal.h"

namespace earshot {

struct DoctorSettings {
  std::optional<std::filesystem::path> config;  ///< else the one that a daemon of this user would take
  std::optional<std::filesystem::path> bundle;  ///< a report goes here; nothing may be there yet
  Terminal terminal;                            ///< of `out`
};

/// A line for each thing that was looked at. Whatever hangs, it ends within some 15 s, and 10 more with a
/// report. Returns the code of the first that failed. This process has no other thread. Throws Error if it
/// cannot be told or written.
ExitCode examine_and_tell(const DoctorSettings& settings, std::ostream& out);

}  // namespace earshot
