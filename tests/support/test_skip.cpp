// skip and Main: what ctest takes for skipped is what was skipped, and nothing else.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/Child.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

int code_of(const std::string& name) { return run_program({"/proc/self/exe", name}).code; }

}  // namespace

TEST_CASE("provoked: it fails and prints what a skipped test prints", "[.]") {
  const std::string text = "skipped: nothing is here";
  CHECK(text.empty());
}

TEST_CASE("provoked: it is skipped", "[.]") { skip("as the test of skipping wants it"); }

TEST_CASE("provoked: it fails before it is skipped", "[.]") {
  CHECK(skipped_tests == -1);
  skip("too late");
}

TEST_CASE("a failing test has failed whatever it prints, and a skipped one is told from a passed one") {
  CHECK(code_of("provoked: it fails and prints what a skipped test prints") == 1);
  CHECK(code_of("provoked: it fails before it is skipped") == 1);
  CHECK(code_of("provoked: it is skipped") == 4);
  CHECK(run_program({"/proc/self/exe", "provoked:*"}).code == 1);
}

}  // namespace earshot::test
