// The real earshotd's log: whole lines of its own, with priorities under the journal, else with a time.
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <filesystem>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/Address.h"
#include "tests/daemon/Daemon.h"
#include "tests/support/Pty.h"
#include "tests/support/WavFile.h"

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

/// A log's reader that is a program at the other end of a pipe.
class LogPipe {
 public:
  explicit LogPipe(std::filesystem::path path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + path_.string());
    pipe_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  ~LogPipe() { ::close(pipe_); }
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  void stand_still() const {
    const std::string filling(PIPE_BUF, 'x');
    while (::write(pipe_, filling.data(), filling.size()) > 0) {
    }
  }
  void go_on() { taken_ += take(); }
  std::string read_until(const std::string& text) {
    std::string all = std::exchange(taken_, {});
    for (int i = 0; i < 4'000 && all.find(text) == std::string::npos; ++i) {
      std::this_thread::sleep_for(5ms);
      all += take();
    }
    return all;
  }

 private:
  std::string take() const {
    std::string all;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(pipe_, buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(count));
    return all;
  }

  std::filesystem::path path_;
  int pipe_ = -1;
  std::string taken_;
};

/// One that is a terminal, on which somebody types Ctrl-S and Ctrl-Q.
class LogTerminal {
 public:
  const std::filesystem::path& path() const noexcept { return terminal_.path(); }
  void stand_still() const { ::tcflow(terminal_.slave(), TCOOFF); }
  void go_on() const { ::tcflow(terminal_.slave(), TCOON); }
  std::string read_until(const std::string& text) { return terminal_.read_until(text); }

 private:
  Pty terminal_{80};
};

void check_that_all_goes_on_though_it_stands_still(const TemporaryDirectory& directory, auto& log) {
  const NotifySocket notify(directory / "notify");
  save_model(small_yamnet(), directory / "model.safetensors");
  write_wav(directory / "sound.wav", sine(440, 16'000, 24'000), 16'000);
  const std::string config =
      directory
          .write("earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = \"unix:" +
                                     (directory / "stream").string() +
                                     "\"\n[[source]]\nname = \"f\"\nkind = \"file\"\nat_end = \"loop\"\n"
                                     "path = \"sound.wav\"\n")
          .string();
  Child daemon({"/bin/sh", "-c", "exec \"$0\" --config \"$1\" 2>\"$2\"", EARSHOT_EARSHOTD, config,
                log.path().string()},
               {notify.variable()});
  REQUIRE(notify.receive("READY=1", 30s) == "READY=1");
  log.read_until("source 'f' up");
  StreamClient client(UnixPath{(directory / "stream").string()});
  const auto await = [&](std::string_view state) {
    while (client.message("source").at("state").as_string() != state) {
    }
  };

  log.stand_still();
  daemon.send_signal(SIGUSR1);
  std::filesystem::rename(directory / "sound.wav", directory / "away.wav");
  await("down");
  std::filesystem::rename(directory / "away.wav", directory / "sound.wav");
  await("up");
  client.message("prediction");
  log.go_on();
  daemon.send_signal(SIGUSR2);
  const std::string after = log.read_until("SIGUSR2: going on");
  CHECK_THAT(after, Catch::Matchers::Contains(" lines lost here: "));
  CHECK_THAT(after, !Catch::Matchers::Contains("SIGUSR1"));

  log.stand_still();
  const auto begun = std::chrono::steady_clock::now();
  daemon.send_signal(SIGTERM);
  CHECK(daemon.wait(20s) == 0);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

}  // namespace

TEST_CASE(
    "a log whose reader stands still holds up nothing; how many lines it missed is told when it goes on") {
  const TemporaryDirectory directory;
  SECTION("a pipe") {
    LogPipe log(directory / "log");
    check_that_all_goes_on_though_it_stands_still(directory, log);
  }
  SECTION("a terminal") {
    LogTerminal log;
    check_that_all_goes_on_though_it_stands_still(directory, log);
  }
}

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
