// Catch2's main, compiled once. Exits with 0 if all tests passed, with 4, which ctest counts as skipped
// (Catch2 3 has it no other way), if all were skipped, with 1 if any failed: what a test printed does not
// matter.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "tests/support/Skip.h"

namespace {

constexpr int kSkipped = 4;
int tests_run = 0;

struct Counter : Catch::TestEventListenerBase {
  using Catch::TestEventListenerBase::TestEventListenerBase;
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    ++tests_run;
    Catch::TestEventListenerBase::testCaseEnded(stats);
  }
};
CATCH_REGISTER_LISTENER(Counter)

}  // namespace

int main(int argc, char** argv) {
  const int result = Catch::Session().run(argc, argv);
  if (tests_run == 0) return result;  // a list of names: how many there are
  if (result != 0) return 1;
  return earshot::test::skipped_tests == tests_run ? kSkipped : 0;
}
