// flush_output: what was printed has reached standard output, or the program fails.
#pragma once

#include <ostream>

#include "dsp/base/Error.h"

namespace earshot {

/// Throws Error(io) if `out`, a program's standard output, did not take all: a full disk, a closed pipe.
inline void flush_output(std::ostream& out) {
  if (!out.flush()) throw Error(ExitCode::io, "standard output: cannot write");
}

}  // namespace earshot
