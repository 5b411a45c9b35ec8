// InfoCommand: `trainer info`, what a model file holds, or a preset or a configuration would make.
#pragma once

#include <filesystem>

namespace earshot {

class CommandLine;

/// `what` is a model file, a configuration (.toml) or a preset's name; without labels a network is shown for
/// ten classes, YAMNet for its 521. To standard output, for people or as one JSON document. Throws what
/// loading throws.
void run_info(const std::filesystem::path& what, bool json);
void add_info(CommandLine& line);

}  // namespace earshot
