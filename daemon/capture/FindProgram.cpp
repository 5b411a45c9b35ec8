#include "daemon/capture/FindProgram.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <system_error>

namespace earshot {
namespace {

constexpr const char* kUsualPath = "/bin:/usr/bin";  // execvp(3), without PATH

bool can_run(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return can_run(name) ? std::optional<std::filesystem::path>(name) : std::nullopt;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : kUsualPath);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program = std::filesystem::path(folder) / name;
    if (can_run(program)) return program;
  }
  return std::nullopt;
}

}  // namespace earshot
