// Catch2 3 by the names of Catch2 2, which the tests are written for: tests/CMakeLists.txt has this found
// first where 3 is what is installed.
#pragma once

#include <catch2/catch_approx.hpp>
#include <catch2/catch_session.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <string>

namespace Catch {

using TestEventListenerBase = EventListenerBase;

namespace Matchers {
inline StringContainsMatcher Contains(const std::string& part) {
  return ContainsSubstring(part);
}
}  // namespace Matchers

using namespace Matchers;

}  // namespace Catch

using Catch::Approx;
