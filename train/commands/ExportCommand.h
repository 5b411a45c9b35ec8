// ExportCommand: `trainer export`, a model for other runtimes.
#pragma once

#include <filesystem>

namespace earshot {

class CommandLine;

/// An ONNX file. Throws Error(usage) for another ending than .onnx, what load_model throws, Error(io).
void run_export(const std::filesystem::path& model, const std::filesystem::path& out);
void add_export(CommandLine& line);

}  // namespace earshot
