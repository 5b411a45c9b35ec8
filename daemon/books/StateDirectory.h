// state_directory: where earshotd keeps what outlives it.
#pragma once

#include <filesystem>

namespace earshot {

/// $STATE_DIRECTORY, as systemd sets it (of several the first), else earshot/ in $XDG_STATE_HOME, which is
/// ~/.local/state unless set. Empty if the environment names none of these by an absolute path.
std::filesystem::path state_directory();

}  // namespace earshot
