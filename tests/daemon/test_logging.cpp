// The real earshotd's log: whole lines of its own, with priorities under the journal, else with a time.
#include <algorithm>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/Address.h"
#include "tests/daemon/Daemon.h"

namespace earshot::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// earshotd whose standard error is what the journal reads.
std::vector<std::string> under_the_journal(std::vector<std::string> arguments) {
  std::vector<std::string> command{
      "/bin/sh", "-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec \"$0\" \"$@\"",
      EARSHOT_EARSHOTD};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

TEST_CASE("under the journal whatever ends earshotd has the priority of an error and is one line") {
  const TemporaryDirectory directory;
  save_model(untrained_model(), directory / "model.safetensors");
  const std::string head = "[model]\npath = \"model.safetensors\"\n";
  const std::string idle = "[[source]]\nname = \"n\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n";
  const auto config = [&](const std::string& name, const std::string& text) {
    return directory.write(name, head + text).string();
  };
  const int taken = open_listener({"127.0.0.1", 0}, {});
  const std::string port = std::to_string(bound_port(taken));
  const std::vector<std::vector<std::string>> wrong{
      {"--colour"},
      {"--config", "/nowhere/x\n<0>forged\x1B[31m.toml"},
      {"--config", config("key.toml", idle + "colour = 1\n")},
      {"--config", config("port.toml", "[publish.tcp]\nlisten = \"127.0.0.1:" + port + "\"\n" + idle)},
      {"--config", config("off.toml", "[log]\nlevel = \"off\"\n[publish.tcp]\nlisten = \"127.0.0.1:" + port +
                                          "\"\n" + idle)},
  };
  for (const auto& arguments : wrong) {
    INFO(arguments.back());
    const Finished finished = run_program(under_the_journal(arguments));
    CHECK(finished.code != 0);
    const std::vector<std::string> lines = lines_of(finished.err);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("<3>"));
    CHECK(lines[0].find('\x1B') == std::string::npos);
  }
  ::close(taken);
}

TEST_CASE("in a file every line has the local time with its zone and a level, and no text forges one") {
  const std::string device = "x\\n<0>forged\\u001B[31m";  // as TOML writes it
  Daemon daemon("[[source]]\nname = \"mic\"\nkind = \"microphone\"\ndevice = \"" + device + "\"\n",
                {"TZ=IST-5:30"});
  daemon.await_log("forged");
  const std::string log = daemon.child().err();
  CHECK_THAT(log, Catch::Matchers::Contains("x\\n<0>forged\\x1b[31m"));
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30 (info|warning|error) .*)");
  std::size_t ours = 0;
  for (const std::string& line : lines_of(log)) {
    INFO(line);
    if (std::regex_match(line, form)) ++ours;
    CHECK_FALSE(line.starts_with("<0>"));
    CHECK(line.find('\x1B') == std::string::npos);
  }
  CHECK(ours >= 2);
}

TEST_CASE("before the log has started, an error is for whoever typed the command, and one line") {
  const Finished finished = run_program({EARSHOT_EARSHOTD, "--config", "/nowhere/x\nforged\x1B[31m.toml"});
  CHECK(finished.code == 66);
  CHECK(finished.err.starts_with("earshotd: /nowhere/x\\nforged\\x1b[31m.toml: "));
  CHECK(lines_of(finished.err).size() == 1);
}

}  // namespace earshot::test
