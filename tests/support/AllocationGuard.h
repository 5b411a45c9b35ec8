// AllocationGuard: counts what the current thread allocates while it lives, for tests of real-time code.
#pragma once

#include <cstddef>

namespace earshot::test {

/// Linking this replaces the program's operator new. Vendors' malloc is not seen. Guards may nest.
class AllocationGuard {
 public:
  AllocationGuard() noexcept;
  AllocationGuard(const AllocationGuard&) = delete;
  AllocationGuard& operator=(const AllocationGuard&) = delete;

  /// Calls of operator new by this thread since construction. Ask before the test framework allocates:
  /// `const auto count = guard.allocations(); CHECK(count == 0);`
  std::size_t allocations() const noexcept;

  /// From now on what this shared library allocates itself does not count: not ours to mend. `name` is part
  /// of its file's name; false if no such library is loaded.
  static bool ignore_library(const char* name) noexcept;

 private:
  std::size_t before_;
};

}  // namespace earshot::test
