// EndOnSignal: Ctrl-C, SIGTERM and SIGHUP end the companion at once and quietly, the terminal as it was.
#pragma once

namespace earshot {

/// From here on SIGINT, SIGTERM and SIGHUP end the program with 128 + their number; one that was ignored (as
/// nohup does) stays so. A closed pipe ends it without a word too, whatever its parent did about SIGPIPE.
/// For the start of main.
void end_on_signals() noexcept;

}  // namespace earshot
