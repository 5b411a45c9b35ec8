// How the doctor says what it found, and that nothing holds it up.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/LimitedProcess.h"

namespace earshot::test {

using namespace std::chrono_literals;

TEST_CASE("a finding is a line, with its mend below it, and in colour on a terminal") {
  CHECK(finding_lines("model", found_ok("earshot, 521 labels"), false) ==
        "ok    model      earshot, 521 labels\n");
  CHECK(finding_lines("devices", found_wrong("none\n", "plug it in"), false) ==
        "FAIL  devices    none\\n\n                 mend: plug it in\n");
  CHECK(finding_lines("clock", found_doubtful("x", ""), true) == "\x1b[33mwarn\x1b[0m  clock      x\n");
}

TEST_CASE("findings come back from another process as they were, and half of them are none") {
  const Findings findings{found_ok("a"), found_doubtful("b: \"c\"", "d"), found_wrong("e", "f")};
  const std::string text = encoded(findings);
  CHECK(decoded(text) == findings);
  CHECK(decoded(encoded({})) == Findings());
  for (std::size_t length = 0; length < text.size(); ++length) {
    INFO(length);
    CHECK_FALSE(decoded(std::string_view(text).substr(0, length)).has_value());
  }
}

TEST_CASE("work that takes too long is ended with all that it started, and what it said until then is kept") {
  const auto began = std::chrono::steady_clock::now();
  const Told told = run_within(200ms, [](int output) {
    ::signal(SIGTERM, SIG_IGN);
    ::fork();  // both hold the pipe
    [[maybe_unused]] const ssize_t written = ::write(output, "half", 4);
    ::pause();
  });
  CHECK_FALSE(told.in_time);
  CHECK_FALSE(told.is_good());
  CHECK(told.text.starts_with("half"));
  CHECK(std::chrono::steady_clock::now() - began < 20s);
}

TEST_CASE("work that crashes or throws is in time, and not good; a program's words are its standard output") {
  const Told crashed = run_within(20s, [](int) { ::raise(SIGKILL); });
  CHECK(crashed.in_time);
  CHECK_FALSE(crashed.is_good());
  const Told thrown = run_within(20s, [](int) { throw std::runtime_error("no"); });
  CHECK(thrown.in_time);
  CHECK_FALSE(thrown.is_good());
  const Told spoken = program_within(20s, {"sh", "-c", "echo $LC_ALL; echo err >&2"});
  CHECK(spoken.is_good());
  CHECK(spoken.text == "C\n");
  const Told missing = program_within(20s, {"no-such-program-of-anybody"});
  CHECK(missing.in_time);
  CHECK_FALSE(missing.is_good());
}

}  // namespace earshot::test
