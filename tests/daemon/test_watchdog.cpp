// systemd's watchdog: told that all is well as long as our threads come round.
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "daemon/Watchdog.h"
#include "tests/daemon/Daemon.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

constexpr const char* kWell = "WATCHDOG=1";
constexpr const char* kListener = "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n";

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Holds every thread of a child but its first one still, as one that waits for a lock for ever would be.
class HeldThreads {
 public:
  explicit HeldThreads(pid_t process) {
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      const pid_t thread = std::stoi(entry.path().filename().string());
      if (thread == process) continue;
      if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
        refused_ = true;
        continue;
      }
      threads_.push_back(thread);
      ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
      ::waitpid(thread, nullptr, __WALL);
    }
  }
  ~HeldThreads() {
    for (const pid_t thread : threads_) ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  }
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;

  bool refused() const noexcept { return refused_; }

 private:
  std::vector<pid_t> threads_;
  bool refused_ = false;
};

}  // namespace

TEST_CASE("the watchdog tells systemd twice a deadline that all is well, until a thread stops") {
  boost::asio::io_context main;
  int told = 0;
  Watchdog watchdog(main, {.deadline = 40ms, .least_silence = 0ms}, [&](const std::string& state) {
    CHECK(state == kWell);
    ++told;
  });
  {
    Pulse pulse(&watchdog.pulses(), "source 'mic'");
    while (told < 3) {
      pulse.beat();
      main.run_one();
    }
    for (int i = 0; i < 2; ++i) main.run_one();
    const int told_before = told;
    CHECK(told_before <= 5);
    for (int i = 0; i < 3; ++i) main.run_one();
    CHECK(told == told_before);
  }
  const int told_before = told;
  main.run_one();
  CHECK(told == told_before + 1);
}

TEST_CASE("whom nobody asked to be told is told nothing") {
  boost::asio::io_context main;
  int told = 0;
  Watchdog watchdog(main, {.deadline = {}, .least_silence = 0ms}, [&](const std::string&) { ++told; });
  main.run_for(20ms);
  CHECK(told == 0);
}

TEST_CASE("earshotd tells systemd that it is well for as long as it runs, and after having been stopped") {
  Daemon daemon(kListener, {"WATCHDOG_USEC=200000"});
  for (int i = 0; i < 5; ++i) CHECK(daemon.notifications().receive(kWell, 10s) == kWell);
  daemon.child().send_signal(SIGSTOP);
  ::siginfo_t stopped{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(daemon.child().pid()), &stopped, WSTOPPED | WNOWAIT) == 0);
  std::this_thread::sleep_for(12s);  // longer than a thread may be silent
  while (!daemon.notifications().receive(0ms).empty()) {
  }
  daemon.child().send_signal(SIGCONT);
  for (int i = 0; i < 5; ++i) CHECK(daemon.notifications().receive(kWell, 10s) == kWell);
  CHECK(daemon.child().err().find("stands still") == std::string::npos);
}

TEST_CASE(
    "systemd is not told that earshotd is well while a thread of it stands still, and the log names it") {
  Daemon daemon(kListener, {"WATCHDOG_USEC=200000"});
  // Until a source hears its threads may rest, and whoever rests is not missed.
  StreamClient sender = daemon.connect_sender("net");
  sender.send(std::string(2'000, '\0'));
  CHECK(daemon.notifications().receive("STATUS=hearing net", 10s) == "STATUS=hearing net");
  CHECK(daemon.notifications().receive(kWell, 10s) == kWell);
  const char* line = "the stream server stands still: its thread has not come round for 10 s";
  {
    const HeldThreads held(daemon.child().pid());
    if (held.refused()) {
      skip("this process may not trace its child");
      return;
    }
    // What nobody takes holds earshotd up.
    while (!daemon.notifications().receive(1s).empty()) {
    }
    daemon.await_log(line);
    for (const std::string thread : {"source 'net'", "source 'net', reading", "the bookkeeper"})
      daemon.await_log(thread + " stands still");
    CHECK(daemon.notifications().receive(kWell, 1s).empty());
  }
  daemon.await_log("the stream server comes round again");
  CHECK(daemon.notifications().receive(kWell, 10s) == kWell);
  CHECK(count_of(daemon.child().err(), line) == 1);
}

TEST_CASE("systemd is told what earshotd hears and what not") {
  Daemon daemon(kListener);
  const std::string status = daemon.notifications().receive("STATUS=", 10s);
  INFO(status);
  CHECK(status.starts_with("STATUS=hearing nothing; not net (starting since "));
  StreamClient sender = daemon.connect_sender("net");
  sender.send(std::string(2'000, '\0'));
  CHECK(daemon.notifications().receive("STATUS=hearing net", 10s) == "STATUS=hearing net");
}

}  // namespace earshot::test
