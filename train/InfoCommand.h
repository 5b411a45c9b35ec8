// InfoCommand: `trainer info`, what a model file holds.
#pragma once

#include <filesystem>

namespace earshot {

class CommandLine;

/// To standard output, for people or as one JSON document. Throws what load_model throws.
void run_info(const std::filesystem::path& model, bool json);
void add_info(CommandLine& line);

}  // namespace earshot
