// The units, judged by systemd itself.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/Child.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

constexpr const char* kAnalyze = "/usr/bin/systemd-analyze";
constexpr const char* kSystem = "earshotd.service";
constexpr const char* kUser = "user/earshotd.service";

std::string unit_text(const std::string& unit) {
  std::ifstream file(EARSHOT_SOURCE_DIR "/systemd/" + unit);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool systemd_is_absent() {
  if (::access(kAnalyze, X_OK) == 0) return false;
  skip("there is no systemd-analyze");
  return true;
}

/// A unit with a program that exists wherever the test runs.
std::string runnable_unit(const TemporaryDirectory& directory, const std::string& unit) {
  std::string text = unit_text(unit);
  const std::string command = "=earshotd";
  for (std::size_t at = text.find(command); at != std::string::npos; at = text.find(command))
    text.replace(at, command.size(), "=/bin/true");
  return directory.write("earshotd.service", text).string();
}

void add_lan(const TemporaryDirectory& directory) {
  std::filesystem::create_directory(directory / "earshotd.service.d");
  directory.write("earshotd.service.d/lan.conf", unit_text("lan.conf"));
}

void expect_nothing_wrong(const TemporaryDirectory& directory, const std::string& unit,
                          const std::string& manager) {
  const Finished verified =
      run_program({kAnalyze, manager, "verify", "--man=no", runnable_unit(directory, unit)},
                  {"XDG_RUNTIME_DIR=" + directory.path().string()});
  INFO(verified.err);
  CHECK(verified.code == 0);
  CHECK(verified.err.find("earshotd.service") == std::string::npos);
  CHECK(verified.err.find("lan.conf") == std::string::npos);
}

/// Exposure of 10 at most; in tenths.
void expect_exposure(const TemporaryDirectory& directory, int at_most) {
  const Finished judged =
      run_program({kAnalyze, "security", "--offline=true", "--threshold=" + std::to_string(at_most),
                   "--no-pager", runnable_unit(directory, kSystem)});
  INFO(judged.out);
  CHECK(judged.code == 0);
}

/// What a unit's `key=-/bin/sh -c '...'` has the shell do, with `runtime` for %t.
std::string shell_of(const std::string& unit, const std::string& key, const std::filesystem::path& runtime) {
  const std::string text = unit_text(unit);
  const std::string begin = "\n" + key + "=-/bin/sh -c '";
  const std::size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  std::string command = text.substr(from + begin.size(), text.find("'\n", from) - from - begin.size());
  const auto replace = [&](const std::string& what, const std::string& with) {
    for (std::size_t at = command.find(what); at != std::string::npos;
         at = command.find(what, at + with.size())) {
      command.replace(at, what.size(), with);
    }
  };
  replace("%t", runtime.string());
  replace("$$", "$");
  return command;
}

}  // namespace

TEST_CASE("systemd finds nothing wrong with the units, nor with the local network's addition") {
  if (systemd_is_absent()) return;
  const TemporaryDirectory system;
  expect_nothing_wrong(system, kSystem, "--system");
  add_lan(system);
  expect_nothing_wrong(system, kSystem, "--system");
  const TemporaryDirectory user;
  expect_nothing_wrong(user, kUser, "--user");
}

TEST_CASE("the unit is as hardened as a sound daemon with a JIT can be, open to a network or not") {
  if (systemd_is_absent()) return;
  const TemporaryDirectory directory;
  expect_exposure(directory, 12);
  add_lan(directory);
  expect_exposure(directory, 12);
}

TEST_CASE("the unit leaves memory executable after writing: oneDNN's kernels are made at run time") {
  CHECK(unit_text(kSystem).find("\nMemoryDenyWriteExecute") == std::string::npos);
}

TEST_CASE("each start in a row waits longer than the last, until one lasted or somebody stopped it") {
  const std::string unit = GENERATE(as<std::string>(), kSystem, kUser);
  const TemporaryDirectory directory;
  const std::filesystem::path runtime = directory / "earshot";
  std::filesystem::create_directory(runtime);
  std::filesystem::create_directory(directory / "bin");
  const std::filesystem::path sleep = directory.write("bin/sleep", "#!/bin/sh\necho $1\n");
  std::filesystem::permissions(sleep, std::filesystem::perms::owner_all);
  const std::string our_sleep = "PATH=" + (directory / "bin").string() + ":$PATH; ";
  const auto run_shell = [&](const std::string& key, const std::string& variable) {
    const Finished finished =
        run_program({"/bin/sh", "-c", our_sleep + shell_of(unit, key, directory.path())}, {variable});
    INFO(finished.err);
    CHECK(finished.code == 0);
    return finished.out;
  };
  const auto start = [&] { return run_shell("ExecStartPre", "SERVICE_RESULT="); };
  const auto end = [&](const std::string& result) { run_shell("ExecStopPost", "SERVICE_RESULT=" + result); };

  for (int i = 0; i < 18; ++i) {
    CHECK(start() == std::to_string(std::min(2 * i, 30)) + '\n');
    end("exit-code");
  }
  const auto lasted =
      std::filesystem::file_time_type::clock::now() - std::chrono::minutes(10) - std::chrono::seconds(1);
  std::filesystem::last_write_time(runtime / "starts", lasted);
  CHECK(start() == "0\n");
  end("signal");
  CHECK(start() == "2\n");
  end("success");
  CHECK(start() == "0\n");
}

}  // namespace earshot::test
