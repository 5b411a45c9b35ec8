// as_nobody: what somebody without rights finds, also where the tests run as root.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace earshot::test {

/// Whether `holds()` is true in a process of a user who is not root.
template <typename Condition>
bool as_nobody(const Condition& holds) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65'534;
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(2);
    ::_exit(holds() ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace earshot::test
