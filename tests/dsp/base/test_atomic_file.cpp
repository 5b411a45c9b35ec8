// write_file_atomically: whole files, or what was there before.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

TEST_CASE("a file is replaced as a whole, and nothing is left beside it") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.write("file", "before, and longer");
  write_file_atomically(file, std::string_view("after"));
  std::ifstream stream(file);
  CHECK(std::string(std::istreambuf_iterator<char>(stream), {}) == "after");
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("a pipe or device given as output is written to, not replaced") {
  const TemporaryDirectory directory;
  const std::string pipe = directory / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::string read;
  std::thread reader([&] {
    std::ifstream stream(pipe);
    std::getline(stream, read);
  });
  write_file_atomically(pipe, std::string_view("through"));
  reader.join();
  CHECK(read == "through");
  CHECK(std::filesystem::is_fifo(pipe));
  CHECK_THROWS_AS(write_file_atomically("/dev/full", std::string_view("nowhere")), Error);
  CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE("what was left by a write that was killed goes, and nothing else") {
  const TemporaryDirectory directory;
  for (const char* name : {"file", "file.tmp17", "file.tmp", "file.tmp1x", "other.tmp17"})
    directory.write(name, "");
  remove_unfinished(directory / "file");
  CHECK_FALSE(std::filesystem::exists(directory / "file.tmp17"));
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 4);
  remove_unfinished(directory / "nowhere/file");
}

}  // namespace earshot::test
