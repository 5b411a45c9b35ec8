// Lines that C libraries print: taken, whatever thread and cut they come in; what is ours still gets out.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "dsp/base/LibraryLines.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

constexpr int kTaken = 100;  // descriptor of the file of lines that were taken

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void redirect(int descriptor, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(file, descriptor);
  ::close(file);
}

// A process of its own, since what is taken is taken for good: what it printed, and what was taken of that.
struct Printed {
  std::string standard_error;
  std::string taken;
};
template <typename Act>
Printed in_child(const Act& act) {
  const TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    redirect(STDERR_FILENO, directory / "err");
    redirect(kTaken, directory / "taken");
    take_library_lines([](std::string_view line) noexcept {
      const std::string whole = '[' + std::string(line) + "]\n";
      if (::write(kTaken, whole.data(), whole.size()) < 0) std::perror("taken");
      std::fputs("while taking\n", stderr);
    });
    act();
    ::_exit(0);
  }
  REQUIRE(child > 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {text_of(directory / "err"), text_of(directory / "taken")};
}

}  // namespace

TEST_CASE("what a C library prints is taken line by line, with nothing in it that a terminal obeys") {
  const Printed printed = in_child([] {
    std::fprintf(stderr, "ALSA lib pcm.c:%d:(snd_pcm_open) ", 2664);
    std::fputs("Unknown PCM\n\x1b[31mred\nand", stderr);
    std::thread([] { std::fputs(" another thread\n", stderr); }).join();
  });
  CHECK(printed.taken ==
        "[ALSA lib pcm.c:2664:(snd_pcm_open) Unknown PCM]\n[\\x1b[31mred]\n[and another thread]\n");
  CHECK(printed.standard_error == "while taking\nwhile taking\nwhile taking\n");
}

TEST_CASE("what is ours still reaches standard error: std::cerr, assertions, an exception that nobody catches") {
  const Printed printed = in_child([] {
    std::cerr << "earshotd: a line\n";
    std::fputs("earshotd: Some.cpp:7: f(): Assertion `x > 0' failed.\n", stderr);
    std::signal(SIGABRT, SIG_DFL);  // not the test framework's
    std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
  });
  CHECK(printed.taken.empty());
  CHECK_THAT(printed.standard_error, Catch::Matchers::StartsWith("earshotd: a line\nearshotd: Some.cpp:7") &&
                                         Catch::Matchers::Contains("nobody catches this"));
}

}  // namespace earshot::test
