// Csv: RFC 4180 tables, and what is said about text that is none.
#include "dsp/base/Csv.h"

#include <string>

#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

using Fields = std::vector<std::string>;

}  // namespace

TEST_CASE("a CSV file may have a byte order mark, CRLF, quotes, empty lines and no last newline") {
  const TemporaryDirectory directory;
  const Csv csv = read_csv(directory.write("list.csv",
                                           "\xEF\xBB\xBFname,\"what, exactly\"\r\n"
                                           "a.wav,\"a \"\"dog\"\"\r\nand a cat\"\r\n"
                                           "\r\n"
                                           "\"b.wav\",\r\n"
                                           "c.wav,rain"));
  CHECK(csv.columns == Fields{"name", "what, exactly"});
  REQUIRE(csv.rows.size() == 3);
  CHECK(csv.rows[0].fields == Fields{"a.wav", "a \"dog\"\r\nand a cat"});
  CHECK(csv.rows[0].line == 2);
  CHECK(csv.rows[1].fields == Fields{"b.wav", ""});
  CHECK(csv.rows[1].line == 5);
  CHECK(csv.rows[2].fields == Fields{"c.wav", "rain"});
  CHECK(csv.rows[2].line == 6);
  CHECK(csv.column("what, exactly") == 1);
}

TEST_CASE("a file that is no CSV table is refused with its name and line") {
  struct Case {
    const char* text;
    const char* message;
  };
  const auto [text, message] = GENERATE(values<Case>({
      {"", "list.csv:1: found nothing, expected a line that names the columns"},
      {"\n\r\n", "list.csv:1: found nothing, expected a line that names the columns"},
      {"a,b\n1,2\n1\n", "list.csv:3: found 1 fields, expected 2 as in the first line"},
      {"a,b\n1,2,3\n", "list.csv:2: found 3 fields, expected 2 as in the first line"},
      {"a,b\n1,2\n\"x\ny,2\n", "list.csv:3: found a quote that is never closed"},
      {"a,b\n1,x\"y\"\n",
       "list.csv:2: found a quote inside an unquoted field, expected the whole field in quotes"},
      {"\xFF\xFE" "a,b\n", "list.csv: is in UTF-16, expected a CSV file in UTF-8"},
      {"\xFE\xFF" "a,b\n", "list.csv: is in UTF-16, expected a CSV file in UTF-8"},
      {"a,b\n\"1\"x,2\n",
       "list.csv:2: found text after a closing quote, expected a comma or the end of the line"},
  }));
  const TemporaryDirectory directory;
  const auto path = directory.write("list.csv", text);
  try {
    read_csv(path);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    CHECK(error.what() == (directory.path() / message).string());
  }
}

TEST_CASE("a CSV file that is not there is missing input, and so is a directory in its place") {
  const TemporaryDirectory directory;
  for (const auto& path : {directory / "absent.csv", directory.path()}) {
    try {
      read_csv(path);
      FAIL("not refused");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::no_input);
    }
  }
}

TEST_CASE("a missing column is named beside those there are") {
  const TemporaryDirectory directory;
  const Csv csv = read_csv(directory.write("list.csv", "file,class\n"));
  CHECK_THROWS_WITH(
      csv.column("classID"),
      Catch::EndsWith("list.csv:1: found the columns 'file,class', expected one named 'classID'"));
  const Csv broken = read_csv(directory.write("broken.csv", "file,\"cl\nass\"\n"));
  CHECK_THROWS_WITH(
      broken.column("classID"),
      Catch::EndsWith("broken.csv:1: found the columns 'file,cl\\nass', expected one named 'classID'"));
}

}  // namespace earshot::test
