// Processes of this machine, as /proc tells of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

struct Process {
  pid_t pid = 0;
  std::string name;  ///< the kernel's, of at most 15 characters
  char state = '?';  ///< 'T': stopped, 'D': in a driver
  uid_t uid = 0;
};

/// "python3 (process 4711)", printable().
std::string to_text(const Process& process);

/// Nothing if it is gone.
std::optional<Process> process_of(pid_t pid, const std::filesystem::path& proc = "/proc");
/// Those called `name`.
std::vector<Process> processes_called(std::string_view name, const std::filesystem::path& proc = "/proc");
/// Who has a socket open; nothing if nobody has, or this user may not know.
std::optional<Process> holder_of(std::uint64_t socket_inode, const std::filesystem::path& proc = "/proc");

}  // namespace earshot
