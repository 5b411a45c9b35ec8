// CommandKeeper: earshotd as the process that keeps a command: nothing of it outlives the daemon.
#pragma once

#include <string_view>

namespace earshot {

/// The first argument of such a process, before the command's own.
inline constexpr std::string_view kCommandKeeper = "--command-keeper";

/// Runs `argv`, ended by a null pointer and sought in PATH, with its own standard output and error, in a
/// process group of the command's own. Descriptor 3, if it is open, becomes the command's standard input,
/// which is empty without. When the command ends, or its own standard input does, whose other end the daemon
/// holds, all that is left of the group is sent SIGTERM, after half a second SIGKILL, and so is what left the
/// group. Then it ends as the command did: with its code (127 if it cannot be started, which it says on
/// standard error) or by its signal.
int run_command_keeper(char** argv) noexcept;

}  // namespace earshot
