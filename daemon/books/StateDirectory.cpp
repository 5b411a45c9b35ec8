#include "daemon/books/StateDirectory.h"

#include <cstdlib>
#include <string>

namespace earshot {
namespace {

// Relative paths are to be ignored (XDG Base Directory Specification 0.8).
std::filesystem::path absolute(const std::string& text) {
  const std::filesystem::path path = text;
  return path.is_absolute() ? path : std::filesystem::path();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::filesystem::path state_directory() {
  const std::string given = variable("STATE_DIRECTORY");
  if (const auto first = absolute(given.substr(0, given.find(':'))); !first.empty()) return first;
  if (const auto states = absolute(variable("XDG_STATE_HOME")); !states.empty()) return states / "earshot";
  if (const auto home = absolute(variable("HOME")); !home.empty()) return home / ".local/state/earshot";
  return {};
}

}  // namespace earshot
