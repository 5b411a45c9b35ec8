// The unit file, judged by systemd itself.
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/Child.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

constexpr const char* kAnalyze = "/usr/bin/systemd-analyze";

std::string unit_text() {
  std::ifstream file(EARSHOT_SOURCE_DIR "/systemd/earshotd.service");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool systemd_is_absent() {
  if (::access(kAnalyze, X_OK) == 0) return false;
  skip("there is no systemd-analyze");
  return true;
}

/// The unit with a program that exists wherever the test runs.
std::string runnable_unit(const TemporaryDirectory& directory) {
  std::string text = unit_text();
  const std::string command = "ExecStart=earshotd ";
  text.replace(text.find(command), command.size(), "ExecStart=/bin/true ");
  return directory.write("earshotd.service", text).string();
}

}  // namespace

TEST_CASE("systemd finds nothing wrong with the unit") {
  if (systemd_is_absent()) return;
  const TemporaryDirectory directory;
  const Finished verified = run_program({kAnalyze, "verify", "--man=no", runnable_unit(directory)});
  INFO(verified.err);
  CHECK(verified.code == 0);
  CHECK(verified.err.find("earshotd.service") == std::string::npos);
}

TEST_CASE("the unit is as hardened as a sound daemon with a JIT can be") {
  if (systemd_is_absent()) return;
  const TemporaryDirectory directory;
  // Exposure of 10 at most; in tenths.
  const Finished judged = run_program(
      {kAnalyze, "security", "--offline=true", "--threshold=20", "--no-pager", runnable_unit(directory)});
  INFO(judged.out);
  CHECK(judged.code == 0);
}

TEST_CASE("the unit leaves memory executable after writing: oneDNN's kernels are made at run time") {
  CHECK(unit_text().find("\nMemoryDenyWriteExecute") == std::string::npos);
}

}  // namespace earshot::test
