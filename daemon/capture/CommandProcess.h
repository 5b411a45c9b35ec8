// CommandProcess: a command as it runs once, from its start to the end of its whole process group.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/capture/Pipe.h"

namespace earshot {

/// Not thread safe.
class CommandProcess {
 public:
  /// `keeper` is a program that understands kCommandKeeper, as earshotd does. Throws Error(unavailable) if
  /// that cannot be started; a command that cannot is one that has ended. `input`, of up to 4 KiB, is what
  /// the command can read on its standard input.
  CommandProcess(const std::filesystem::path& keeper, const std::vector<std::string>& argv,
                 std::optional<std::string_view> input = {});
  /// As end().
  ~CommandProcess();
  CommandProcess(const CommandProcess&) = delete;
  CommandProcess& operator=(const CommandProcess&) = delete;

  /// To be read from, non-blocking; -1 once closed.
  int output() const noexcept { return output_.reading(); }
  int errors() const noexcept { return errors_.reading(); }
  void close_output() noexcept { output_.close_reading(); }
  void close_errors() noexcept { errors_.close_reading(); }

  /// Whether the command has ended by itself, and how: "ended with code 1", "was ended by signal 11
  /// (Segmentation fault)". Waits for up to `limit`.
  std::optional<std::string> how_it_ended(std::chrono::milliseconds limit);
  /// Whether it has ended, and well.
  bool has_succeeded() const noexcept { return status_ == 0; }

  /// SIGTERM to its group, SIGKILL after half a second: without waiting for it.
  void begin_end() noexcept { lifeline_.close_writing(); }
  /// The same. Returns within `limit`, though it may take longer to end all of it. The last call.
  void end(std::chrono::milliseconds limit = kUsualEnd) noexcept;

 private:
  static constexpr std::chrono::milliseconds kUsualEnd{750};  // for all that the keeper does

  Pipe lifeline_;  // the keeper reads the end of it
  Pipe output_;
  Pipe errors_;
  pid_t process_;  // the keeper, which ends as the command does
  std::optional<int> status_;
  bool is_late_ = false;  // others wait for it
};

}  // namespace earshot
