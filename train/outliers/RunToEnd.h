// run_to_end: another program, without a shell.
#pragma once

#include <string>
#include <vector>

namespace earshot {

/// `arguments[0]` is the program's path. It reads nothing and what it says is thrown away; it ends with this
/// program's terminal. Returns its exit code, or 128 + the signal that ended it. Throws Error(unavailable) if
/// it cannot be started.
int run_to_end(std::vector<std::string> arguments);

}  // namespace earshot
