// Columns of a terminal: wide, combining and coloured text, cut where the line ends.
#include <string>

#include <catch2/catch.hpp>

#include "dsp/base/DisplayWidth.h"

namespace earshot::test {

TEST_CASE("wide characters take two columns, combining ones and colours none") {
  CHECK(display_width("") == 0);
  CHECK(display_width("dog") == 3);
  CHECK(display_width("caf\u00e9") == 4);
  CHECK(display_width("cafe\u0301") == 4);  // e and a combining accent
  CHECK(display_width("\u72ac\u306e\u5420\u3048\u58f0") == 10);
  CHECK(display_width("\U0001F436") == 2);
  CHECK(display_width("\x1b[1mdog\x1b[0m") == 3);
  CHECK(display_width("\xff\xfe") == 2);
}

TEST_CASE("what fits stays as it is, what does not ends with an ellipsis within the columns") {
  CHECK(cut_to_width("doorbell", 8, true) == "doorbell");
  CHECK(cut_to_width("doorbell", 7, true) == "doorbe\u2026");
  CHECK(cut_to_width("doorbell", 7, false) == "door...");
  CHECK(cut_to_width("doorbell", 1, true) == "\u2026");
  CHECK(cut_to_width("doorbell", 2, false) == "..");
  CHECK(cut_to_width("doorbell", 0, true).empty());
  // Half a character is none.
  CHECK(cut_to_width("\u72ac\u306e\u5420\u3048\u58f0", 6, true) == "\u72ac\u306e\u2026");
  CHECK(cut_to_width("cafe\u0301s", 5, true) == "cafe\u0301s");
}

TEST_CASE("a cut never leaves a colour on") {
  CHECK(cut_to_width("\x1b[33mdoorbell\x1b[0m", 4, true) == "\x1b[33mdoo\u2026\x1b[0m");
  CHECK(cut_to_width("\x1b[1mdog\x1b[0m and more", 6, true) == "\x1b[1mdog\x1b[0m a\u2026");
  CHECK(cut_to_width("\x1b[1mdog\x1b[0m", 3, true) == "\x1b[1mdog\x1b[0m");
}

}  // namespace earshot::test
