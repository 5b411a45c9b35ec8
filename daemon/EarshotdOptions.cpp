#include "daemon/EarshotdOptions.h"

#include <string>

#include <CLI/CLI.hpp>

#include "dsp/base/Error.h"

namespace earshot {

std::optional<EarshotdOptions> EarshotdOptions::parse(int argc, char** argv) {
  CLI::App app("Listens, classifies every window of sound, and publishes the predictions.", "earshotd");
  EarshotdOptions options;
  app.add_option("--config", options.config, "The configuration file")->option_text("FILE");
  app.add_flag("--check-config", options.check_config, "Say whether the configuration is good");
  app.add_flag("--print-config", options.print_config, "Print the effective configuration");
  app.add_flag("--list-devices", options.list_devices, "List the devices that record");
  app.add_flag("--reload", options.reload, "Have the earshotd that runs by the configuration read it again");
  app.set_version_flag("--version", "earshotd " EARSHOT_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Error(ExitCode::usage, std::string(error.what()) + " (see earshotd --help)");
  }
  return options;
}

}  // namespace earshot
