// EarshotdOptions: the command line of earshotd.
#pragma once

#include <filesystem>
#include <optional>

namespace earshot {

struct EarshotdOptions {
  std::optional<std::filesystem::path> config;
  bool check_config = false;
  bool print_config = false;
  bool list_devices = false;
  bool reload = false;

  /// Nothing where help or version was asked for and printed. Throws Error(usage).
  static std::optional<EarshotdOptions> parse(int argc, char** argv);
};

}  // namespace earshot
