// Failure: the exit codes that every program shares.
#include <catch2/catch.hpp>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "dsp/base/Failure.h"

namespace earshot::test {

TEST_CASE("what ends a program is one line with the code of its kind") {
  const Failure ours = failure_of(Error(ExitCode::bad_data, "a\nb.wav: is no sound"));
  CHECK(ours.line == "a\\nb.wav: is no sound");
  CHECK(ours.code == ExitCode::bad_data);

  const std::error_code denied = std::make_error_code(std::errc::permission_denied);
  const Failure files = failure_of(std::filesystem::filesystem_error("cannot stat", "/a/b", denied));
  CHECK(files.line == "/a/b: cannot be used: Permission denied");
  CHECK(files.code == ExitCode::io);

  const Failure bug = failure_of(std::logic_error("impossible"));
  CHECK(bug.line == "impossible (this is a bug)");
  CHECK(bug.code == ExitCode::software);
}

}  // namespace earshot::test
