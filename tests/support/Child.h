// A program of ours run by a test: its output kept, its exit awaited, never left behind.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/TemporaryDirectory.h"

extern char** environ;

namespace earshot::test {

/// Standard output and error go to files, so that no pipe can fill; both can be read while it runs.
class Child {
 public:
  /// `arguments[0]` is the program's path. `environment` ("NAME=value") is added to the test's own. Standard
  /// input is `input`, or empty. Standard output goes to `output` if that is given: a terminal or a FIFO.
  explicit Child(std::vector<std::string> arguments, std::vector<std::string> environment = {},
                 const std::filesystem::path& input = "/dev/null", const std::filesystem::path& output = {}) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
    constexpr int kWrite = O_WRONLY | O_CREAT | O_APPEND;
    const std::filesystem::path out = output.empty() ? files_ / "out" : output;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kWrite | O_NOCTTY, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (files_ / "err").c_str(), kWrite, 0600);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    // A daemon's books are none of the tester's.
    if (const std::string state = "STATE_DIRECTORY="; !names_any(state, environment))
      environment.push_back(state + (files_ / "state").string());
    std::vector<char*> envp;
    for (std::string& variable : environment) envp.push_back(variable.data());
    for (char** variable = environ; *variable; ++variable) {
      if (!names_any(*variable, environment)) envp.push_back(*variable);
    }
    envp.push_back(nullptr);
    const int error = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::system_error(error, std::generic_category(), arguments[0]);
  }
  ~Child() {
    if (status_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void send_signal(int signal) const { ::kill(pid_, signal); }

  /// Its exit code, or minus the signal that ended it. Throws if it is still running after `timeout`: by default a
  /// little before ctest's own, so that what it wrote is told.
  int wait(std::chrono::milliseconds timeout = std::chrono::seconds(280)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!status_) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      } else if (std::chrono::steady_clock::now() > deadline) {
        throw std::runtime_error("still running after the time it was given: " + err());
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
    return *status_;
  }

  /// What it has written so far.
  std::string out() const { return read("out"); }
  std::string err() const { return read("err"); }

 private:
  /// Whether `variable` has the name of one of `others`.
  static bool names_any(std::string_view variable, const std::vector<std::string>& others) {
    const std::string_view name = variable.substr(0, variable.find('=') + 1);
    return std::any_of(others.begin(), others.end(),
                       [&](const std::string& other) { return other.starts_with(name); });
  }

  std::string read(const char* name) const {
    std::ifstream file(files_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  TemporaryDirectory files_;
  pid_t pid_ = 0;
  std::optional<int> status_;
};

/// Runs to its end.
struct Finished {
  int code = 0;
  std::string out;
  std::string err;
};
inline Finished run_program(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  Child child(std::move(arguments), std::move(environment));
  const int code = child.wait();
  return {code, child.out(), child.err()};
}

}  // namespace earshot::test
