// Utf8: Unicode's own tables, and what people's files hold instead.
#include <catch2/catch.hpp>
#include <string>

#include "dsp/base/Utf8.h"

namespace earshot::test {

using namespace std::string_literals;

TEST_CASE("what is not UTF-8 becomes one replacement for each maximal ill-formed part") {
  // Unicode 15, table 3-8 and its neighbours: one replacement for each maximal ill-formed part.
  CHECK(
      repaired_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x41");
  CHECK(repaired_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") ==
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x41");
  CHECK(repaired_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(repaired_utf8("caf\xC3") == "caf\xEF\xBF\xBD");
  CHECK(repaired_utf8("\xF0\x9F\x90\xB6 Hund \xF4\x8F\xBF\xBF") == "\xF0\x9F\x90\xB6 Hund \xF4\x8F\xBF\xBF");
  CHECK(repaired_utf8("Gr\u00fc\u00dfe \n") == "Gr\u00fc\u00dfe \n");
}

TEST_CASE("what would move a cursor, break a line or turn it around is written out") {
  CHECK(printable("a\nb\r\tc") == "a\\nb\\r\\tc");
  CHECK(printable("\x1b[31mred\x7f") == "\\x1b[31mred\\x7f");
  CHECK(printable("caf\xE9") == "caf\\xe9");
  CHECK(printable("\u009bA") == "\\u009bA");
  CHECK(printable("\u202egpj.wav\u2028") == "\\u202egpj.wav\\u2028");
  CHECK(printable("H\u00fchner \U0001F414") == "H\u00fchner \U0001F414");
  CHECK(printable("nul\0end"s) == "nul\\x00end");
}

TEST_CASE("a name's problem says what is wrong and where") {
  CHECK(name_problem("Crowing, cock-a-doodle-doo").empty());
  CHECK(name_problem("H\u00fchner").empty());
  CHECK(name_problem("") == "is empty");
  CHECK(name_problem("caf\xE9") == "is not UTF-8: byte 4 is 0xe9");
  CHECK(name_problem("two\nlines") == "holds a control character: byte 4 is \\n");
  CHECK(name_problem("\u202eabc") == "holds a control character: byte 1 is \\u202e");
  CHECK(name_problem(std::string(257, 'x')) == "has 257 bytes, expected at most 256");
  CHECK(name_problem(std::string(256, 'x')).empty());
}

TEST_CASE("a list in UTF-16 is known as such, with a mark and without") {
  CHECK(foreign_encoding("\xFF\xFE" "d\0o\0g\0"s) == "UTF-16");
  CHECK(foreign_encoding("\xFE\xFF\0d\0o\0g"s) == "UTF-16");
  CHECK(foreign_encoding("d\0o\0g\0\n\0"s) == "UTF-16");
  CHECK(foreign_encoding("\xFF\xFE\0\0d\0\0\0"s) == "UTF-32");
  CHECK(foreign_encoding("dog\ncat\n").empty());
  CHECK(foreign_encoding("").empty());
}

}  // namespace earshot::test
