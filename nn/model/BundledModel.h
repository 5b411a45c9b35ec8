// BundledModel: the model that comes with the programs.
#pragma once

#include <filesystem>

namespace earshot {

/// Where it is installed, or lies in a build's source tree, seen from the running program; if it is nowhere, where it
/// should be installed.
std::filesystem::path bundled_model();

}  // namespace earshot
