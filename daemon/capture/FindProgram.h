// find_program: whether a command can be started, asked before it is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace earshot {

/// The program that execvp(3) would run: sought in PATH unless `name` has a slash. Nothing if there is none
/// that this user may run.
std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace earshot
