// tell: a line to whoever runs the program, whatever names it holds.
#pragma once

#include <iostream>
#include <string_view>

#include "dsp/base/Utf8.h"

namespace earshot {

/// To standard error, with a newline behind it. Names of files may be any bytes: the line is printable().
inline void tell(std::string_view line) {
  std::cerr << printable(line) << '\n';
}

}  // namespace earshot
