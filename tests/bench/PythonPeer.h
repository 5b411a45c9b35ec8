// PythonPeer: a Python program beside which we are measured, asked for one measurement at a time so that both
// take turns.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::bench {

/// The program prints a line that says what it is, then the milliseconds of one measurement for every line it
/// reads.
class PythonPeer {
 public:
  using Feed = std::function<void(std::FILE*)>;

  /// Runs under $EARSHOT_PYTHON, else python3; prints its first line. `feed` writes what the program reads
  /// first. Nothing if Python or a package that the program imports is absent. The caller ignores SIGPIPE.
  static std::optional<PythonPeer> start(const std::string& program,
                                         const std::vector<std::string>& arguments, const Feed& feed = {}) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    // Closed in other peers: one that held our end would keep this one waiting.
    if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) return std::nullopt;
    const char* chosen = std::getenv("EARSHOT_PYTHON");
    std::vector<std::string> words = {chosen ? chosen : "python3", program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      execvp(argv[0], argv.data());
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    PythonPeer peer(child, fdopen(to[1], "w"), fdopen(from[0], "r"));
    if (feed) feed(peer.to_.get());
    std::fflush(peer.to_.get());
    const std::optional<std::string> name = peer.read_line();
    if (!name) return std::nullopt;
    std::printf("peer: %s", name->c_str());
    return peer;
  }

  /// In ms; nothing if the program failed.
  std::optional<double> measure() {
    std::fputs("\n", to_.get());
    std::fflush(to_.get());
    const std::optional<std::string> line = read_line();
    return line ? std::optional(std::stod(*line)) : std::nullopt;
  }

  PythonPeer(PythonPeer&& other) noexcept
      : child_(std::exchange(other.child_, -1)), to_(std::move(other.to_)), from_(std::move(other.from_)) {}
  ~PythonPeer() {
    if (child_ < 0) return;
    to_.reset();
    waitpid(child_, nullptr, 0);
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  PythonPeer(pid_t child, std::FILE* to, std::FILE* from) : child_(child), to_(to), from_(from) {}

  std::optional<std::string> read_line() {
    std::array<char, 128> line{};
    if (!std::fgets(line.data(), line.size(), from_.get())) return std::nullopt;
    return std::string(line.data());
  }

  pid_t child_;
  File to_;
  File from_;
};

}  // namespace earshot::bench
