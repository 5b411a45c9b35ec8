// StopSignal: what the first signal does and what a second one, each in a process of its own.
#include "dsp/base/StopSignal.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

/// The exit code of a child that does this, or minus the signal that ended it.
int outcome_of(const std::function<int()>& child) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(child());
  REQUIRE(pid > 0);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("the first Ctrl-C, SIGTERM or hang-up is noted, a second one ends the program") {
  for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
    CHECK(outcome_of([&] {
            const StopSignal stop;
            if (stop.received() != 0) return 0;
            std::raise(first);
            return stop.received();
          }) == first);
    for (const int second : {SIGINT, SIGTERM}) {
      CHECK(outcome_of([&] {
              const StopSignal stop;
              std::raise(first);
              std::raise(second);
              return 0;
            }) == -second);
    }
  }
  CHECK(outcome_of([] {
          const StopSignal stop;
          std::raise(SIGINT);
          std::raise(SIGHUP);
          return 0;
        }) == -SIGHUP);
}

TEST_CASE("a terminal that hangs up is told of twice, by itself and by the shell: that is one hang-up") {
  CHECK(outcome_of([] {
          const StopSignal stop;
          std::raise(SIGHUP);
          std::raise(SIGHUP);
          return stop.received();
        }) == SIGHUP);
}

TEST_CASE("a hang-up that nohup has had ignored stays ignored") {
  CHECK(outcome_of([] {
          std::signal(SIGHUP, SIG_IGN);
          const StopSignal stop;
          std::raise(SIGHUP);
          return stop.received() + 100;
        }) == 100);
}

TEST_CASE("what held before a StopSignal holds again after it") {
  CHECK(outcome_of([] {
          std::signal(SIGTERM, SIG_IGN);
          { const StopSignal stop; }
          std::raise(SIGTERM);
          return 7;
        }) == 7);
  CHECK(outcome_of([] {
          { const StopSignal stop; }
          std::raise(SIGHUP);
          return 0;
        }) == -SIGHUP);
}

}  // namespace earshot::test
