// skip: a test that cannot run on this machine says why.
#pragma once

#include <iostream>
#include <string_view>

namespace earshot::test {

/// How many tests of this process were skipped; Main makes an exit code of it.
inline int skipped_tests = 0;

/// Once a test; it returns then, having checked nothing.
inline void skip(std::string_view why) {
  std::cout << "skipped: " << why << '\n';
  ++skipped_tests;
}

}  // namespace earshot::test
