// Uncaught: what no handler takes ends a program with one line and exit code 70.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "dsp/base/Error.h"
#include "dsp/base/Uncaught.h"

namespace earshot::test {
namespace {

struct End {
  int code = -1;
  std::string said;
};

// What becomes of a process that does this.
template <class Work>
End end_of(Work work) {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    end_uncaught_as_bug("listener");
    work();
    ::_exit(0);
  }
  ::close(pipe[1]);
  End end;
  char c = 0;
  while (::read(pipe[0], &c, 1) == 1) end.said += c;
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  return end;
}

void refuse() {
  throw Error(ExitCode::software, "classifier: refused");
}

}  // namespace

TEST_CASE("an exception that leaves streaming code ends the program with one line and code 70") {
  const End end = end_of([]() noexcept { refuse(); });
  CHECK(end.code == 70);
  CHECK(end.said == "listener: classifier: refused (this is a bug)\n");
}

TEST_CASE("an exception that leaves a thread ends the program with one line and code 70") {
  const End end = end_of([] { std::thread([] { throw std::runtime_error("lost"); }).join(); });
  CHECK(end.code == 70);
  CHECK(end.said == "listener: lost (this is a bug)\n");
}

TEST_CASE("a program that catches what it throws ends as before") {
  const End end = end_of([] {
    try {
      refuse();
    } catch (const Error&) {
    }
  });
  CHECK(end.code == 0);
  CHECK(end.said.empty());
}

}  // namespace earshot::test
