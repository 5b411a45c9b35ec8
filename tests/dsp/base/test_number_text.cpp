// What is taken for a number on a command line, and what is said of the rest.
#include <cstdint>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "dsp/base/NumberText.h"

namespace earshot::test {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST_CASE("a whole number is decimal digits within its range, nothing else") {
  for (const char* good : {"1", "9", "10", "64"}) CHECK(whole_number_problem(good, 1, 64).empty());
  for (const char* bad : {"",    " ",   "0",   "65",   "-1",  "+1", "1e1", "1.0", "0x10", "010", "1 ", " 1",
                          "ten", "true", "1\n", "99999999999999999999999", "-99999999999999999999999", "-"}) {
    INFO(bad);
    CHECK_FALSE(whole_number_problem(bad, 1, 64).empty());
  }
  CHECK(whole_number_problem("18446744073709551615", 1, kMost).empty());
  CHECK_FALSE(whole_number_problem("18446744073709551616", 1, kMost).empty());
  for (const char* good : {"-5", "-1", "0", "7"}) CHECK(whole_number_problem(good, -5, 7).empty());
  for (const char* bad : {"-6", "-0", "--5", "-05"}) CHECK_FALSE(whole_number_problem(bad, -5, 7).empty());
}

TEST_CASE("a number may have a sign, a fraction and an exponent, and is finite") {
  for (const char* good : {"0", "-60", "-0.5", "5e-1", "1E0"}) {
    CHECK(number_problem(good, -60.0, 1.0).empty());
  }
  for (const char* bad :
       {"", "nan", "-nan", "inf", "-inf", "1e999", "0x1p0", "1.5", "-60.01", "0,5", "1 ", "e"}) {
    INFO(bad);
    CHECK_FALSE(number_problem(bad, -60.0, 1.0).empty());
  }
}

TEST_CASE("what is wrong with a number names what was found and expected") {
  CHECK(whole_number_problem("1e3", 1, 64) == "found '1e3', expected a whole number from 1 to 64");
  CHECK(whole_number_problem("-1", 1, kMost) == "found '-1', expected a whole number, 1 at least");
  CHECK(whole_number_problem("x", std::numeric_limits<int>::min(), std::numeric_limits<int>::max()) ==
        "found 'x', expected a whole number");
  CHECK(whole_number_problem("", 0, 9) == "found nothing, expected a whole number from 0 to 9");
  CHECK(whole_number_problem("a\x1b", 0, 9) == "found 'a\\x1b', expected a whole number from 0 to 9");
  CHECK(number_problem("nan", 0.05, 1e-9 + 60.0) == "found 'nan', expected a number from 0.05 to 60");
}

}  // namespace earshot::test
