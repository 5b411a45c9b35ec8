// UtcAnchor: one anchor for all moments.
#include <chrono>

#include <catch2/catch.hpp>

#include "daemon/hearing/UtcAnchor.h"

namespace earshot::test {

using namespace std::chrono_literals;

TEST_CASE("a step of the system's clock moves no timeline") {
  const auto now = std::chrono::steady_clock::now();
  const UtcAnchor anchor{now, UtcTime{1'000s}};
  CHECK(anchor.at(now + 90s) == UtcTime{1'090s});
}

}  // namespace earshot::test
