// Actions that run programs: what those get, how many run, and what becomes of those that hang, shout or
// fail.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/JsonLine.h"
#include "tests/daemon/actions/Telling.h"
#include "tests/support/LocalZone.h"
#include "tests/support/Processes.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Writes the event's line to `file`.
std::string noted_in(const std::filesystem::path& file) {
  return "read -r line; echo \"$line\" >> " + file.string();
}

std::string action_file_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// A script of three processes, one of which leaves the group, that heed no SIGTERM; their numbers are in
/// `file`.
std::string deaf_family(const std::filesystem::path& file) {
  const std::string stay = "trap \"\" TERM; echo $$ >> " + file.string() + "; while :; do sleep 1000; done";
  return "sh -c '" + stay + "' & setsid sh -c '" + stay + "' & " + stay;
}

}  // namespace

TEST_CASE("a command gets the event's line on its standard input, and nothing of it elsewhere") {
  const TemporaryDirectory files;
  const std::string at = files.path().string();
  Telling telling(shell_action("tr '\\0' '\\n' < /proc/$$/cmdline > " + at + "/words; env > " + at +
                               "/environment; ls /proc/self/fd | tr '\\n' ' ' > " + at + "/fds; cat > " + at +
                               "/line; mv " + at + "/line " + at + "/told"));
  const Event event = event_of("Dog; rm -rf $HOME \"'`");
  telling.outlet.hear(event);
  REQUIRE_FALSE(await_line(files / "told").empty());
  CHECK(action_file_text(files / "told") == json_line(event, std::nullopt));
  CHECK(action_file_text(files / "words").find("Dog") == std::string::npos);
  CHECK(action_file_text(files / "environment").find("Dog") == std::string::npos);
  CHECK(action_file_text(files / "environment").find("NOTIFY_SOCKET") == std::string::npos);
  CHECK(action_file_text(files / "fds") == "0 1 2 3 ");  // 3 is the folder that ls reads
}

TEST_CASE("an action is told of its labels, sources, phase and hours alone") {
  const LocalZone zone("UTC0");
  const TemporaryDirectory files;
  const auto told = [&](const std::string& more) {
    const std::filesystem::path file = files / "told";
    std::filesystem::remove(file);
    Telling telling(shell_action(noted_in(file), "per_minute = 600\nat_once = 32\n" + more));
    for (const std::string label : {"Dog", "Siren"}) {
      for (const std::string source : {"porch", "garden"}) {
        telling.outlet.hear(event_of(label, Event::Phase::start, source));
        telling.outlet.hear(event_of(label, Event::Phase::end, source));
      }
    }
    telling.outlet.stop(10s);
    std::size_t lines = 0;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) ++lines;
    return lines;
  };
  CHECK(told("") == 4);
  CHECK(told("phase = \"both\"") == 8);
  CHECK(told("phase = \"end\"\nlabels = [\"Dog\"]") == 2);
  CHECK(told("sources = [\"garden\"]\nlabels = [\"Dog\"]") == 1);
  CHECK(told("between = [\"22:13\", \"22:14\"]") == 4);  // 22:13:20
  CHECK(told("between = [\"22:14\", \"22:13\"]") == 0);
  CHECK(told("phase = \"end\"\ndays = [\"tue\"]") == 4);
  CHECK(told("days = [\"wed\", \"sun\"]") == 0);
}

TEST_CASE("of events too many for a minute the rest is dropped and counted") {
  const TemporaryDirectory files;
  {
    Telling telling(shell_action(noted_in(files / "told"), "per_minute = 3\nat_once = 32"));
    telling.hear(8, "Dog");
    CHECK(await_lines(files / "told", 3).size() == 3);
    telling.outlet.stop(10s);
    CHECK(telling.log.count("action 'sh' left an event out: 3 have begun within a minute (per_minute)") == 1);
    telling.change("");
    CHECK(telling.log.await("(the last of 4 such lines)") == 1);
  }
  CHECK(await_lines(files / "told", 3).size() == 3);
}

TEST_CASE("no more than at_once run, and what comes meanwhile is dropped and counted") {
  const TemporaryDirectory files;
  Telling telling(shell_action("echo $$ >> " + (files / "begun").string() + "; while [ ! -e " +
                                   (files / "go").string() + " ]; do sleep 0.02; done; echo >> " +
                                   (files / "ended").string(),
                               "at_once = 2\nper_minute = 600"));
  telling.hear(2, "Dog");
  REQUIRE(await_lines(files / "begun", 2).size() == 2);
  telling.hear("Dog");
  CHECK(telling.log.await("left an event out: 2 are running (at_once)") == 1);
  files.write("go", "");
  REQUIRE(await_lines(files / "ended", 2).size() == 2);
  for (int i = 0; i < 400 && await_lines(files / "begun", 2).size() < 3; ++i) {
    telling.hear("Dog");
    std::this_thread::sleep_for(20ms);
  }
  CHECK(await_lines(files / "begun", 3).size() >= 3);
}

TEST_CASE("a command that hangs and is deaf is ended with all its children, whatever the others do") {
  const TemporaryDirectory files;
  Telling telling(shell_action(deaf_family(files / "family"), "timeout_s = 0.5\nper_minute = 600") +
                  shell_action(noted_in(files / "told"), "per_minute = 600\nat_once = 32"));
  telling.hear("Dog");
  const std::vector<std::string> processes = await_lines(files / "family", 3);
  REQUIRE(processes.size() == 3);
  CHECK(await_lines(files / "told", 1).size() == 1);
  CHECK(telling.log.await("action 'sh' took longer than 0.5 s and was ended") == 1);
  CHECK(all_end(processes));
}

TEST_CASE("what a command leaves behind ends with it") {
  const TemporaryDirectory files;
  Telling telling(shell_action("sleep 1000 & echo $! > " + (files / "child").string()));
  telling.hear("Dog");
  const std::string child = await_line(files / "child");
  REQUIRE_FALSE(child.empty());
  CHECK(all_end({child}));
}

TEST_CASE("a command that floods its output and reads nothing blocks nobody and fills no log") {
  const TemporaryDirectory files;
  Telling telling(shell_action("yes flood & yes flood >&2", "timeout_s = 0.7") +
                  shell_action(noted_in(files / "told")));
  telling.hear("Dog");
  CHECK(await_lines(files / "told", 1).size() == 1);
  CHECK(telling.log.await("took longer than 0.7 s") == 1);
  CHECK(telling.log.count("flood") <= 44);
}

TEST_CASE("what a command says is in the log, and how it failed, in lines that a minute bounds") {
  Telling telling(shell_action("echo to all; echo https://me:hidden@there >&2; exit 3",
                               "per_minute = 600\nat_once = 32"));
  telling.hear(5, "Dog");
  CHECK(telling.log.await("action 'sh': to all", 5) == 5);
  CHECK(telling.log.await("action 'sh' ended with code 3: https://me:***@there") == 1);
  telling.outlet.stop(10s);
  telling.change("");
  CHECK(telling.log.count("action 'sh' ended with code 3") == 2);  // and the last of 4
  CHECK(telling.log.count("hidden") == 0);
}

TEST_CASE("a command that cannot be started says why, and is no reason to end") {
  const TemporaryDirectory files;
  Telling telling("[[action]]\ncommand = [\"/nowhere/ring\"]\n" + shell_action(noted_in(files / "told")));
  telling.hear("Dog");
  CHECK(telling.log.await(
            "action 'ring' ended with code 127: cannot be started: No such file or directory") == 1);
  CHECK(await_lines(files / "told", 1).size() == 1);
}

TEST_CASE("a stop lets what can end in time end, and kills what is left") {
  const TemporaryDirectory files;
  Telling telling(shell_action(deaf_family(files / "family")) + shell_action(noted_in(files / "told")));
  telling.hear("Dog");
  const std::vector<std::string> processes = await_lines(files / "family", 3);
  REQUIRE(processes.size() == 3);
  telling.outlet.hear(event_of("Dog"));  // untold yet when the stop comes
  const Clock::time_point begun = Clock::now();
  telling.outlet.stop(2s);
  CHECK(Clock::now() - begun < 4s);
  CHECK(await_lines(files / "told", 2).size() == 2);
  CHECK(all_end(processes));
}

TEST_CASE("a reload lets what runs end as it began, and what is heard from then on is told as it says") {
  const TemporaryDirectory files;
  const std::string gate = (files / "go").string();
  Telling telling(shell_action("echo >> " + (files / "begun").string() + "; while [ ! -e " + gate +
                               " ]; do sleep 0.02; done; echo old >> " + (files / "told").string()));
  telling.hear("Dog");
  REQUIRE(await_lines(files / "begun", 1).size() == 1);
  telling.change(shell_action("echo new >> " + (files / "told").string()));
  telling.hear("Dog");
  CHECK(await_line(files / "told") == "new");
  files.write("go", "");
  CHECK(await_lines(files / "told", 2) == std::vector<std::string>{"new", "old"});
  telling.change("");
  telling.hear("Dog");
  telling.outlet.stop(10s);
  CHECK(await_lines(files / "begun", 1).size() == 1);
}

TEST_CASE("a change that leaves the actions as they are forgets nothing that they have begun") {
  const TemporaryDirectory files;
  const std::string actions = shell_action(noted_in(files / "told"), "per_minute = 1");
  Telling telling(actions);
  telling.hear("Dog");
  CHECK(await_lines(files / "told", 1).size() == 1);
  telling.change(actions);
  telling.hear("Dog");
  CHECK(telling.log.await("1 have begun within a minute") == 1);
}

TEST_CASE("without an action there is no thread") {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  };
  // ThreadSanitizer begins one of its own with the first.
  const std::jthread first([](const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, stop, [] { return false; });
  });
  const auto before = threads();
  Telling telling("");
  telling.hear("Dog");
  CHECK(threads() == before);
  telling.change(shell_action("true"));
  CHECK(threads() == before + 1);
}

}  // namespace earshot::test
