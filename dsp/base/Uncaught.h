// Uncaught: how a program ends when no handler takes an exception: with one line and exit code 70.
#pragma once

namespace earshot {

/// From now on what leaves a thread or a function that is noexcept (streaming code throws only where nothing
/// could go on) is told as "<program>: <what> (this is a bug)" on standard error and ends the program at
/// once, code 70. `program` lives as long as the process. Call first in main.
void end_uncaught_as_bug(const char* program);

}  // namespace earshot
