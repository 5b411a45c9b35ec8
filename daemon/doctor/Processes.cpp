#include "daemon/doctor/Processes.h"

#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

std::optional<pid_t> number_in(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

/// Up to the first process for which `act` is true.
template <typename Act>
void for_each_process(const fs::path& proc, Act act) {
  std::error_code none;
  for (fs::directory_iterator at(proc, none); !none && at != fs::directory_iterator(); at.increment(none)) {
    const auto pid = number_in(at->path().filename().string());
    if (pid && act(*pid)) return;
  }
}

bool has_open(const fs::path& descriptors, const std::string& target) {
  std::error_code none;
  for (fs::directory_iterator at(descriptors, none); !none && at != fs::directory_iterator();
       at.increment(none)) {
    std::error_code gone;
    if (fs::read_symlink(at->path(), gone) == target && !gone) return true;
  }
  return false;
}

}  // namespace

std::string to_text(const Process& process) {
  return printable(process.name) + " (process " + std::to_string(process.pid) + ')';
}

std::optional<Process> process_of(pid_t pid, const fs::path& proc) {
  const fs::path folder = proc / std::to_string(pid);
  std::ifstream file(folder / "stat");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // "4711 (name) S ...": the name may hold anything
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  struct stat owner {};
  if (open == std::string::npos || close == std::string::npos || close < open || close + 2 >= text.size() ||
      ::stat(folder.c_str(), &owner) != 0) {
    return std::nullopt;
  }
  return Process{pid, text.substr(open + 1, close - open - 1), text[close + 2], owner.st_uid};
}

std::vector<Process> processes_called(std::string_view name, const fs::path& proc) {
  std::vector<Process> found;
  for_each_process(proc, [&](pid_t pid) {
    auto process = process_of(pid, proc);
    if (process && process->name == name) found.push_back(std::move(*process));
    return false;
  });
  return found;
}

std::optional<Process> holder_of(std::uint64_t socket_inode, const fs::path& proc) {
  const std::string target = "socket:[" + std::to_string(socket_inode) + ']';
  std::optional<Process> holder;
  for_each_process(proc, [&](pid_t pid) {
    if (has_open(proc / std::to_string(pid) / "fd", target)) holder = process_of(pid, proc);
    return holder.has_value();
  });
  return holder;
}

}  // namespace earshot
