// PortAudio and the list of devices that another process makes for it.
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/DeviceLister.h"
#include "daemon/capture/PortAudio.h"
#include "dsp/base/Error.h"
#include "tests/support/Child.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

std::filesystem::path program(const TemporaryDirectory& directory, const std::string& commands) {
  const std::filesystem::path path = directory.write("lister", "#!/bin/sh\n" + commands + '\n');
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

}  // namespace

TEST_CASE("a device that never comes costs no memory, however often it is tried") {
  PortAudio port_audio(EARSHOT_EARSHOTD);
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) CHECK_THROWS_AS(port_audio.open("no such thing", {}, {}), Error);
    return ::mallinfo2().uordblks;  // 0 under sanitizers, which see leaks themselves
  };
  const std::size_t before = fail(5);
  constexpr int kTimes = 50;
  CHECK(fail(kTimes) < before + kTimes * 32);  // and initialising anew loses thousands
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

TEST_CASE("a lister that hangs is killed as soon as a stop is requested") {
  const TemporaryDirectory directory;
  const std::filesystem::path pid_file = directory / "pid";
  const std::filesystem::path hangs =
      program(directory, "echo $$ > " + pid_file.string() + "; exec sleep 1000");
  std::stop_source stop;
  auto lines = std::async([&] { return list_devices_afresh(hangs, stop.get_token()); });
  std::string pid;
  while (!std::getline(std::ifstream(pid_file), pid)) std::this_thread::sleep_for(5ms);
  CHECK(lines.wait_for(200ms) == std::future_status::timeout);
  stop.request_stop();
  REQUIRE(lines.wait_for(5s) == std::future_status::ready);
  CHECK(lines.get().value() == "");
  CHECK_FALSE(std::filesystem::exists("/proc/" + pid));
}

TEST_CASE("the lister inherits neither a socket of the daemon nor its deafness to SIGPIPE") {
  const TemporaryDirectory directory;
  constexpr int kSocket = 99;
  REQUIRE(::dup2(STDOUT_FILENO, kSocket) == kSocket);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto lines = list_devices_afresh(
      program(directory, "echo $1; [ -e /proc/self/fd/99 ] && echo 99; kill -PIPE $$; echo deaf"), {});
  std::signal(SIGPIPE, before);
  ::close(kSocket);
  REQUIRE(lines);
  CHECK(*lines == "--list-devices\n");
}

TEST_CASE("a program that cannot be started lists nothing, one that says nothing an empty list") {
  const TemporaryDirectory directory;
  CHECK(list_devices_afresh("/nowhere/earshotd", {}) == std::nullopt);
  CHECK(list_devices_afresh(program(directory, "exit 69"), {}).value() == "");
}

}  // namespace earshot::test
