// Lines out of bytes, however they were cut, with bounded memory.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/LineSplitter.h"

namespace earshot::test {
namespace {

/// What came out when `text` went in `chunk` bytes at a time; "<long>" for a line too long.
std::vector<std::string> split(const std::string& text, std::size_t chunk, std::size_t most_bytes) {
  LineSplitter splitter(most_bytes);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    std::string_view bytes = std::string_view(text).substr(at, chunk);
    while (auto line = splitter.next(bytes)) lines.push_back(line->too_long ? "<long>" : line->text);
    REQUIRE(bytes.empty());
  }
  if (auto line = splitter.finish()) lines.push_back("rest:" + line->text);
  return lines;
}

}  // namespace

TEST_CASE("lines do not depend on how the bytes were cut") {
  const std::string text =
      "one\n\ntwo\r\n" + std::string(8, 'x') + "\n" + std::string(9, 'y') + "\nthree\nfour";
  const std::vector<std::string> expected{"one", "", "two\r", "xxxxxxxx", "<long>", "three", "rest:four"};
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) CHECK(split(text, chunk, 8) == expected);
}

TEST_CASE("a line too long is told once, and the next line counts again") {
  CHECK(split(std::string(1000, 'x') + "\nok\n", 7, 64) == std::vector<std::string>{"<long>", "ok"});
  CHECK(split(std::string(1000, 'x'), 7, 64) == std::vector<std::string>{"<long>"});
}

}  // namespace earshot::test
