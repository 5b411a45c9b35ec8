// Ledger: lines that stay, a present that is written over, one writer, and what broken writes leave.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/books/Ledger.h"
#include "dsp/base/Error.h"
#include "tests/daemon/books/FullDisk.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Spaces behind a line are none of its content.
std::string squeezed(std::string text) {
  for (std::size_t at; (at = text.find(" \n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

}  // namespace

TEST_CASE("settled lines stay, and the present, however long, gives way to the next") {
  const TemporaryDirectory directory;
  const auto file = directory / "a/b" / kLedgerFile;
  {
    Ledger ledger(directory / "a/b");
    ledger.open({});
    ledger.write("one\n", "present, and a long one\n");
    CHECK(contents(file) == "one\npresent, and a long one\n");
    ledger.write("two\n", "short\n");
    CHECK(squeezed(contents(file)) == "one\ntwo\nshort\n");
    ledger.write("", "x\n");
    ledger.write("", "much, much longer than whatever was there before it\n");
    CHECK(contents(file) == "one\ntwo\nmuch, much longer than whatever was there before it\n");
  }
  Ledger again(directory / "a/b");
  again.open({});
  again.write("three\n", "now\n");  // an earlier writer's last present is history
  CHECK(contents(file) == "one\ntwo\nmuch, much longer than whatever was there before it\nthree\nnow\n");
}

TEST_CASE("a line that was cut off stays by itself") {
  const TemporaryDirectory directory;
  directory.write(kLedgerFile, "one\n{\"type\":\"no");
  Ledger ledger(directory.path());
  ledger.open({});
  ledger.write("two\n", "now\n");
  CHECK(contents(directory / kLedgerFile) == "one\n{\"type\":\"no\ntwo\nnow\n");
}

TEST_CASE("one writer at a time keeps a ledger, and others see that it does") {
  const TemporaryDirectory directory;
  CHECK_FALSE(is_ledger_kept(directory.path()));
  Ledger second(directory.path());
  {
    Ledger first(directory.path());
    first.open({});
    CHECK(is_ledger_kept(directory.path()));
    CHECK_THROWS_WITH(second.open({}), Catch::Contains("another earshotd keeps its books there"));
    CHECK_FALSE(second.is_open());
  }
  CHECK_FALSE(is_ledger_kept(directory.path()));
  second.open({});
  CHECK(is_ledger_kept(directory.path()));
}

TEST_CASE("a full page becomes the older one, in the place of the one before") {
  const TemporaryDirectory directory;
  Ledger ledger(directory.path());
  for (const char letter : {'a', 'b', 'c'}) {
    ledger.open({});
    while (!ledger.is_full()) ledger.write(std::string(100'000, letter) + '\n', "now\n");
    ledger.turn_page();
    CHECK_FALSE(ledger.is_open());
    CHECK(contents(directory / kOlderLedgerFile)[0] == letter);
    CHECK(std::filesystem::file_size(directory / kOlderLedgerFile) < 2 * Ledger::kFull);
  }
  CHECK_FALSE(std::filesystem::exists(directory / kLedgerFile));
}

TEST_CASE("a file that somebody removed is begun anew") {
  const TemporaryDirectory directory;
  Ledger ledger(directory / "books");
  ledger.open({});
  ledger.write("one\n", "now\n");
  std::filesystem::remove_all(directory / "books");
  CHECK_THROWS_WITH(ledger.write("two\n", "now\n"), Catch::Contains("somebody has removed it"));
  CHECK_FALSE(ledger.is_open());
  ledger.open({});
  ledger.write("two\n", "now\n");
  CHECK(contents(directory / "books" / kLedgerFile) == "two\nnow\n");
}

TEST_CASE("a folder that cannot be made is named with the reason") {
  const TemporaryDirectory directory;
  directory.write("file", "");
  Ledger ledger(directory / "file/books");
  CHECK_THROWS_WITH(ledger.open({}), Catch::Contains("file/books") && Catch::Contains("Not a directory"));
  CHECK_THROWS_WITH(Ledger("").open({}), Catch::Contains("expected STATE_DIRECTORY"));
}

TEST_CASE("on a full disk what cannot be written is written later, whole") {
  const TemporaryDirectory directory;
  Ledger ledger(directory.path());
  ledger.open({});
  ledger.write("one\n", "now\n");
  {
    const FullDisk full(16);
    CHECK_THROWS_WITH(ledger.write("two, which is longer than there is room for\n", "now\n"),
                      Catch::Contains("cannot write"));
    CHECK(squeezed(contents(directory / kLedgerFile)) == "one\nnow\n");  // and not a line that was cut off
  }
  ledger.write("two, which is longer than there is room for\n", "now\n");
  CHECK(squeezed(contents(directory / kLedgerFile)) ==
        "one\ntwo, which is longer than there is room for\nnow\n");
}

TEST_CASE("nothing is behind first lines for which there was no room") {
  const TemporaryDirectory directory;
  directory.write(kLedgerFile, "one\nnow\n");
  Ledger ledger(directory.path());
  {
    const FullDisk full(20);
    CHECK_THROWS_WITH(ledger.open("a new start, longer than there is room for\n"),
                      Catch::Contains("cannot write"));
    CHECK_FALSE(ledger.is_open());
  }
  ledger.open("a new start\n");
  ledger.write("two\n", "now\n");
  CHECK(contents(directory / kLedgerFile) == "one\nnow\na new start,\na new start\ntwo\nnow\n");
}

}  // namespace earshot::test
