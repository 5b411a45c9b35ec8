// CaptureProcess: helpers of every kind: those that record, fail, hang, lie, and outlive nobody.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/CaptureMemory.h"
#include "daemon/capture/CaptureProcess.h"
#include "dsp/base/Error.h"
#include "tests/support/Child.h"
#include "tests/support/Processes.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using Stage = CaptureStream::Stage;

std::filesystem::path helper_program(const TemporaryDirectory& directory, const std::string& commands) {
  const std::filesystem::path path = directory.write("helper", "#!/bin/sh\n" + commands + '\n');
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

Stage await_stage(CaptureStream& stream) {
  for (int i = 0; i < 2'000 && stream.look() == Stage::opening; ++i) std::this_thread::sleep_for(5ms);
  return stream.look();
}

}  // namespace

TEST_CASE("a device that is absent is a failure that names those there are") {
  CaptureProcess processes(EARSHOT_EARSHOTD);
  const auto stream = processes.open({.device = "no such thing", .channel = {}, .hardware = {}});
  CHECK(await_stage(*stream) == Stage::failed);
  INFO(stream->failure());
  CHECK(stream->failure().starts_with("found no device that matches \"no such thing\", expected one of those there are"));
}

// A FIFO that nobody writes to stands for the lock that a killed process left in JACK's database: whoever
// opens the database waits for ever.
TEST_CASE("where no JACK server runs, JACK's stuck database hinders no start") {
  const std::string in_own_shm = "mount -t tmpfs tmpfs /dev/shm";
  const std::vector<std::string> unshare{"/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-e", "-c"};
  std::vector<std::string> probe = unshare;
  probe.push_back(in_own_shm);
  if (run_program(probe).code != 0) return skip("no mount namespace of its own is allowed here");

  std::vector<std::string> lister = unshare;
  lister.push_back(in_own_shm + "; mkdir /dev/shm/jack_db-0; mkfifo /dev/shm/jack_db-0/__db.001; exec timeout 30 " +
                   EARSHOT_EARSHOTD + " --list-devices");
  Child child(lister);
  CHECK(child.wait() != 124);
}

TEST_CASE("a helper says what it records, at which rate") {
  const TemporaryDirectory directory;
  CaptureProcess processes(helper_program(directory, "printf 'says\\thello\\nrecording\\t48000\\tUSB \"x\"\\tusb 1:2\\n'; cat"));
  const auto stream = processes.open({});
  REQUIRE(await_stage(*stream) == Stage::recording);
  CHECK(stream->rate_hz() == 48'000);
  CHECK(stream->device() == "USB \"x\"");
  CHECK(stream->hardware() == "usb 1:2");
  CHECK(stream->ring().waiting() == 0);
}

TEST_CASE("a helper gets the device, the channel, the hardware and the daemon's process, and a memory of the right size") {
  const TemporaryDirectory directory;
  CaptureProcess processes(helper_program(
      directory, "echo \"$1|$2|$3|$4|$5\" > " + (directory / "arguments").string() +
                     "; stat -L -c %s /proc/$$/fd/3 > " + (directory / "size").string() + "; cat"));
  const auto stream = processes.open({.device = "USB; rm -rf x", .channel = 2, .hardware = "usb 1:2"});
  CHECK(await_line(directory / "arguments") ==
        "--capture-helper|USB; rm -rf x|2|usb 1:2|" + std::to_string(::getpid()));
  CHECK(await_line(directory / "size") == std::to_string(sizeof(CaptureMemory)));
}

TEST_CASE("a helper that ends, says nonsense, or says too much has failed") {
  const TemporaryDirectory directory;
  for (const auto& [commands, expected] : std::vector<std::pair<std::string, std::string>>{
           {"exit 3", "capture helper: it ended without a word"},
           {"printf 'failed\\tno microphone here\\n'; exit 69", "no microphone here"},
           {"echo hello; cat", "capture helper: it said what makes no sense"},
           {"head -c 9000 /dev/zero | tr '\\0' x; cat", "capture helper: it said what makes no sense"},
           {"printf 'recording\\t48000\\ta\\tb\\nrecording\\t48000\\ta\\tb\\n'; cat",
            "capture helper: it began to record twice"}}) {
    CaptureProcess processes(helper_program(directory, commands));
    const auto stream = processes.open({});
    for (int i = 0; i < 2'000 && stream->look() != Stage::failed; ++i) std::this_thread::sleep_for(5ms);
    CHECK(stream->look() == Stage::failed);
    CHECK(stream->failure() == expected);
  }
}

TEST_CASE("of a helper that talks faster than anybody listens no more is heard at a time than a pipe usually holds") {
  const TemporaryDirectory directory;
  const std::string said = (directory / "said").string();
  constexpr const char* kTalk =
      "perl -e 'fcntl(STDOUT, 1031, 1 << 20); print \"says\\tx\\n\" x 20_000, \"failed\\tat last\\n\"'; ";  // F_SETPIPE_SZ
  CaptureProcess processes(helper_program(directory, kTalk + ("echo > " + said) + "; cat"));
  const auto stream = processes.open({});
  REQUIRE(await_lines(said, 1).size() == 1);
  CHECK(stream->look() == Stage::opening);
  CHECK(await_stage(*stream) == Stage::failed);
  CHECK(stream->failure() == "at last");
}

TEST_CASE("a helper that cannot be started is an error that names it") {
  CaptureProcess processes("/nowhere/earshotd");
  CHECK_THROWS_AS(processes.open({}), Error);
}

TEST_CASE("a helper that hangs, deaf to everything, is gone with its stream, and hinders nobody") {
  const TemporaryDirectory directory;
  const std::string pid_file = (directory / "pid").string();
  CaptureProcess processes(helper_program(directory, "trap '' TERM HUP INT; echo $$ > " + pid_file + "; while :; do sleep 1000; done"));
  auto stream = processes.open({});
  const std::string process = await_line(pid_file);
  const auto begin = std::chrono::steady_clock::now();
  stream.reset();
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(all_end({process}));
}

TEST_CASE("a helper that is stopped is gone with its stream, too") {
  const TemporaryDirectory directory;
  const std::string pid_file = (directory / "pid").string();
  CaptureProcess processes(helper_program(directory, "echo $$ > " + pid_file + "; kill -STOP $$"));
  auto stream = processes.open({});
  const std::string process = await_line(pid_file);
  stream.reset();
  CHECK(all_end({process}));
}

TEST_CASE("a helper inherits neither a socket of the daemon nor its deafness to SIGPIPE") {
  const TemporaryDirectory directory;
  const std::string out = (directory / "out").string();
  constexpr int kSocket = 99;
  REQUIRE(::dup2(STDOUT_FILENO, kSocket) == kSocket);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  CaptureProcess processes(helper_program(
      directory, "([ -e /proc/self/fd/99 ] && echo 99; echo begun) > " + out + "; kill -PIPE $$; echo deaf >> " + out));
  const auto stream = processes.open({});
  CHECK(await_line(out) == "begun");
  CHECK(await_stage(*stream) == Stage::failed);
  std::signal(SIGPIPE, before);
  ::close(kSocket);
  std::ifstream file(out);
  std::string all;
  for (std::string line; std::getline(file, line);) all += line + '\n';
  CHECK(all == "begun\n");
}

}  // namespace earshot::test
