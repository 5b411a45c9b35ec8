// read_argv: a program and its arguments, as a configuration has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsp/base/StrictToml.h"

namespace earshot {

/// The list at `key`, its program absolute if it has a slash, else to be sought in PATH. `form` is how it is
/// written. Throws Error(config) for none, an empty list or program, and a NUL.
std::vector<std::string> read_argv(StrictToml& table, std::string_view key, const std::string& form);

}  // namespace earshot
