// CommandSource: programs that deliver, fail, hang, shout and leave children, and what becomes of them.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/CommandSource.h"
#include "daemon/capture/FindProgram.h"
#include "tests/daemon/Daemon.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/SourceRig.h"
#include "tests/support/Processes.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

CommandSettings command_of(std::vector<std::string> argv) {
  CommandSettings command;
  command.argv = std::move(argv);
  command.pace = Pace::fast;
  command.pcm.rate_hz = 44'100;
  return command;
}

CommandSettings shell(const std::string& script) {
  return command_of({"sh", "-c", script});
}

// A source that runs its command, on a thread of its own.
class Commanding {
 public:
  explicit Commanding(const CommandSettings& command) : rig(kShortHop) {
    source_.emplace(
        SourceSettings{.name = "cam", .channel = {}, .gain_db = 0.0, .level_dbfs = {}, .kind = command},
        command, rig.context, EARSHOT_EARSHOTD);
    thread_ = std::jthread([this] { source_->run(stop_.get_token()); });
  }
  ~Commanding() { stop(); }
  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  std::vector<SourceChange> changes(std::size_t count) const { return rig.sink.await<SourceChange>(count); }

  SourceRig rig;

 private:
  std::stop_source stop_;
  std::optional<CommandSource> source_;
  std::jthread thread_;
};

// A command with a child in its group and one that left the group: all three write their numbers to `file`,
// say so on standard output, and stay. None of them heeds SIGTERM if it is `deaf`.
std::string family(const std::filesystem::path& file, bool deaf) {
  const std::string stay = std::string(deaf ? "trap \"\" TERM; " : "") + "echo $$ >> " + file.string() +
                           "; printf xxxx; while :; do sleep 1000; done";
  return "sh -c '" + stay + "' & setsid sh -c '" + stay + "' & " + stay;
}

}  // namespace

TEST_CASE("a command that ends is down with its code and its last words, and is started again") {
  LogLines log;
  const Commanding commanding(shell("head -c 4000 /dev/zero; echo 'no route to host' >&2; exit 3"));
  const std::vector<SourceChange> changes = commanding.changes(4);
  REQUIRE(changes.size() >= 4);
  CHECK(changes[0].state == SourceState::starting);
  CHECK(changes[0].detail.starts_with("sh -c 'head -c 4000"));
  CHECK(changes[1].state == SourceState::up);
  CHECK(changes[1].detail == "sh");
  CHECK(changes[2].state == SourceState::down);
  CHECK(changes[2].detail == "sh ended with code 3: no route to host");
  CHECK(changes[2].end_sample == 2'000);
  CHECK(changes[3].state == SourceState::up);
  CHECK(log.count("source 'cam': sh: no route to host") >= 1);
  const std::vector<Gap> gaps = commanding.rig.sink.all<Gap>();
  REQUIRE_FALSE(gaps.empty());  // the time between
  CHECK(gaps[0].start_sample == 2'000);
  CHECK(gaps[0].samples > 44'100 / 2);
}

TEST_CASE(
    "a command is started again after one second, then two, as long as it delivers nothing, and told once") {
  const TemporaryDirectory directory;
  const std::filesystem::path starts = directory / "starts";
  const Commanding commanding(shell("date +%s%N >> " + starts.string() + "; exit 1"));
  const std::vector<std::string> times = await_lines(starts, 3);
  REQUIRE(times.size() >= 3);
  const auto pause_s = [&](std::size_t i) {
    return static_cast<double>(std::stoll(times[i + 1]) - std::stoll(times[i])) / 1e9;
  };
  CHECK(pause_s(0) > 0.95);
  CHECK(pause_s(1) > 1.95);
  const std::vector<SourceChange> changes = commanding.rig.sink.all<SourceChange>();
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].detail == "sh ended with code 1");
}

TEST_CASE("a program that is not there, and one that a signal ends, are told as that") {
  {
    const Commanding commanding(command_of({"earshot-has-no-such-program", "-x"}));
    CHECK(commanding.changes(2).at(1).detail ==
          "earshot-has-no-such-program ended with code 127: cannot be started: No such file or directory");
  }
  const Commanding commanding(shell("kill -SEGV $$"));
  CHECK(commanding.changes(2).at(1).detail == "sh was ended by signal 11 (Segmentation fault)");
}

TEST_CASE("a command that delivers nothing is stalled, and in the end killed and started anew") {
  CommandSettings command = shell("sleep 1000");
  command.idle = 150ms;
  command.patience = 300ms;
  const Commanding commanding(command);
  const std::vector<SourceChange> changes = commanding.changes(5);
  REQUIRE(changes.size() >= 5);
  CHECK(changes[1].state == SourceState::stalled);
  CHECK(changes[1].detail == "sh has sent nothing for 0.15 s");
  CHECK(changes[2].state == SourceState::down);
  CHECK(changes[2].detail == "sh sent nothing for 0.45 s and was ended");
  CHECK(changes[3].state == SourceState::stalled);
  CHECK(changes[4].state == SourceState::down);
}

TEST_CASE("a command that falls silent is stalled and up again when it delivers") {
  CommandSettings command = shell("head -c 100 /dev/zero; sleep 1; head -c 100 /dev/zero; sleep 1000");
  command.idle = 200ms;
  const Commanding commanding(command);
  const std::vector<SourceChange> changes = commanding.changes(4);
  REQUIRE(changes.size() >= 4);
  CHECK(changes[1].state == SourceState::up);
  CHECK(changes[2].state == SourceState::stalled);
  CHECK(changes[3].state == SourceState::up);
  CHECK(changes[3].detail == "sh sends again");
}

TEST_CASE("a command that closes its standard output is ended") {
  const TemporaryDirectory directory;
  const Commanding commanding(
      shell("echo $$ > " + (directory / "process").string() + "; exec >&-; exec sleep 1000"));
  CHECK(commanding.changes(2).at(1).detail == "sh closed its standard output");
  CHECK(all_end(await_lines(directory / "process", 1)));
}

TEST_CASE("with pace fast all of a command's output is heard, however fast it comes") {
  constexpr std::uint64_t kSamples = 2'000'000;
  const Commanding commanding(shell("head -c " + std::to_string(2 * kSamples) + " /dev/zero"));
  const std::vector<SourceChange> changes = commanding.changes(3);
  REQUIRE(changes.size() >= 3);
  CHECK(changes[2].end_sample == kSamples);
}

TEST_CASE("a stop ends a command with all of its children, deaf ones and those that left its group, too") {
  for (const bool deaf : {false, true}) {
    const TemporaryDirectory directory;
    const std::filesystem::path file = directory / "processes";
    Commanding commanding(shell(family(file, deaf)));
    const std::vector<std::string> processes = await_lines(file, 3);
    REQUIRE(processes.size() == 3);
    const auto begin = std::chrono::steady_clock::now();
    commanding.stop();
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took < 5s);
    if (deaf) CHECK(took >= 490ms);  // it was asked first
    CHECK(all_end(processes));
    CHECK(commanding.rig.sink.all<SourceChange>().back().state == SourceState::ended);
  }
}

TEST_CASE("a keeper that a busy machine holds up ends all that it keeps as soon as it can, and leaves no zombie") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "processes";
  std::optional<CommandProcess> process(
      std::in_place, EARSHOT_EARSHOTD,
      std::vector<std::string>{"sh", "-c", "echo $PPID > " + (directory / "keeper").string() + "; " + family(file, false)});
  const std::vector<std::string> processes = await_lines(file, 3);
  REQUIRE(processes.size() == 3);
  const std::string keeper = await_line(directory / "keeper");
  ::kill(std::stoi(keeper), SIGSTOP);
  process.reset();
  ::kill(std::stoi(keeper), SIGCONT);
  CHECK(all_end(processes));
  CHECK(all_end({keeper}));
  const CommandProcess next(EARSHOT_EARSHOTD, {"true"});
  CHECK_FALSE(std::filesystem::exists("/proc/" + keeper));
}

TEST_CASE("a command that ends leaves no child behind") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "processes";
  const Commanding commanding(
      shell("sh -c 'echo $$ >> " + file.string() +
            "; exec sleep 1000' >/dev/null 2>&1 & head -c 100 /dev/zero; sleep 0.2; exit 2"));
  const std::vector<std::string> processes = await_lines(file, 1);
  REQUIRE_FALSE(processes.empty());
  CHECK(commanding.changes(3).at(2).detail == "sh ended with code 2");
  CHECK(all_end({processes[0]}));
}

TEST_CASE("a command inherits no descriptor, no blocked or ignored signal, and nothing to read") {
  const TemporaryDirectory directory;
  const std::string out = (directory / "out").string();
  constexpr int kSocket = 99;
  REQUIRE(::dup2(STDOUT_FILENO, kSocket) == kSocket);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const Commanding commanding(shell(
      "{ ls /proc/$$/fd | tr '\\n' ' '; wc -c; grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\n'; "
      "echo; } > " +
      out));
  const std::vector<std::string> lines = await_lines(out, 2);
  std::signal(SIGPIPE, before);
  ::close(kSocket);
  REQUIRE(lines.size() == 2);
  const std::string& descriptors = lines[0];
  CHECK(descriptors.find("99") == std::string::npos);
  CHECK(descriptors.starts_with("0 1 "));
  CHECK(descriptors.ends_with(" 0"));  // wc's count of standard input
  REQUIRE(lines[1].starts_with("SigBlk:\t0000000000000000SigIgn:\t"));
  CHECK((std::stoull(lines[1].substr(lines[1].size() - 16), nullptr, 16) & 0x7FFFFFFFU) ==
        0);  // the libc's own apart
}

TEST_CASE("a command's passwords stand neither in the log nor on the stream") {
  LogLines log;
  const Commanding commanding(
      command_of({"sh", "-c", "echo \"cannot open $0\" >&2; exit 1", "rtsp://user:hidden@10.0.0.7/live"}));
  const std::vector<SourceChange> changes = commanding.changes(2);
  CHECK_THAT(changes.at(0).detail, Catch::Matchers::EndsWith("rtsp://user:***@10.0.0.7/live"));
  CHECK(changes.at(1).detail == "sh ended with code 1: cannot open rtsp://user:***@10.0.0.7/live");
  CHECK(log.await("sh: cannot open rtsp://user:***@10.0.0.7/live") >= 1);
  CHECK(log.count("hidden") == 0);
}

TEST_CASE("a command that shouts fills no log, and blocks nobody") {
  LogLines log;
  const std::string shout =
      "i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done; head -c 3000000 /dev/zero | tr "
      "'\\0' x >&2; "
      "printf '\\rprogress 1\\rprogress 2\\r' >&2; head -c 100 /dev/zero; sleep 1000";
  {
    const Commanding commanding(shell(shout));
    CHECK(commanding.changes(2).at(1).state == SourceState::up);
    CHECK(log.count("sh: line 0") == 1);
    // Twenty lines and a summary, and once more since it delivers.
    CHECK(log.count("source 'cam': sh: ") <= 44);
    CHECK(log.count(std::string(500, 'x')) == 0);
  }
}

TEST_CASE("what would break a line of the log is written out, and a long line is cut") {
  CHECK(shown_line("a\x1b[31mb\tc", 100) == "a\\x1b[31mb\\tc");
  CHECK(shown_line(std::string(50, 'x'), 20) == std::string(16, 'x') + " ...");
  std::string umlauts;
  for (int i = 0; i < 50; ++i) umlauts += "\xC3\xA4";
  CHECK(shown_line(umlauts, 21) == umlauts.substr(0, 16) + " ...");
}

TEST_CASE("a program is sought in PATH, unless it is given by its path") {
  const TemporaryDirectory directory;
  const std::filesystem::path script = directory.write("script", "#!/bin/sh\n");
  CHECK(find_program("sh"));
  CHECK_FALSE(find_program("earshot-has-no-such-program"));
  CHECK_FALSE(find_program(script.string()));  // may not be run
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  CHECK(find_program(script.string()) == script);
  CHECK_FALSE(find_program(directory.path().string()));
}

TEST_CASE("an earshotd that is killed leaves no child of a command behind") {
  for (const bool deaf : {false, true}) {
    const TemporaryDirectory directory;
    const std::filesystem::path file = directory / "processes";
    directory.write("family.sh", family(file, deaf));
    Daemon daemon("[[source]]\nname = \"cam\"\nkind = \"command\"\nargv = [\"sh\", \"" +
                  (directory / "family.sh").string() + "\"]\n");
    const std::vector<std::string> processes = await_lines(file, 3);
    REQUIRE(processes.size() == 3);
    daemon.child().send_signal(SIGKILL);
    CHECK(daemon.child().wait() == -SIGKILL);
    CHECK(all_end(processes));
  }
}

TEST_CASE("earshotd ends within two seconds although its commands are deaf") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "processes";
  directory.write("family.sh", family(file, true));
  const std::string argv =
      "kind = \"command\"\nargv = [\"sh\", \"" + (directory / "family.sh").string() + "\"]\n";
  Daemon daemon("[[source]]\nname = \"one\"\n" + argv + "[[source]]\nname = \"two\"\n" + argv);
  const std::vector<std::string> processes = await_lines(file, 6);
  REQUIRE(processes.size() == 6);
  const auto begin = std::chrono::steady_clock::now();
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begin < 4s);  // 2, and what a busy machine adds
  CHECK(all_end(processes));
}

TEST_CASE("check-config names a command's program that is not there") {
  const TemporaryDirectory directory;
  const auto check = [&](const std::string& program) {
    save_model(untrained_model(), directory / "model.safetensors");
    const std::string text =
        "[model]\npath = \"model.safetensors\"\n[[source]]\nname = \"cam\"\nkind = \"command\"\nargv = [\"" +
        program + "\"]\n";
    return run_program(
        {EARSHOT_EARSHOTD, "--check-config", "--config", directory.write("x.toml", text).string()});
  };
  CHECK(check("sh").code == 0);
  const Finished finished = check("earshot-has-no-such-program");
  CHECK(finished.code == 78);
  CHECK(finished.err ==
        "earshotd: source 'cam': key 'argv': found \"earshot-has-no-such-program\", expected a program "
        "that may be run, in PATH or by its path\n");
  CHECK(check("./no-such-script").code == 78);
}

}  // namespace earshot::test
