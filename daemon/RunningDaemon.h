// reload_running: finds the earshotd that runs, and has it read its configuration again.
#pragma once

#include <filesystem>
#include <optional>

namespace earshot {

/// Sends SIGHUP to the earshotd that runs by `config`, or, if that is nothing, to the one that was given none
/// either; under systemd to the service's ($MAINPID). Throws Error(unavailable) if there is none, or more
/// than one, or it is somebody else's.
void reload_running(const std::optional<std::filesystem::path>& config);

}  // namespace earshot
