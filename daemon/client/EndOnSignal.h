// EndOnSignal: Ctrl-C, SIGTERM and SIGHUP end the companion at once and quietly, the terminal as it was.
#pragma once

namespace earshot {

/// From here on SIGINT, SIGTERM and SIGHUP end the program with 128 + their number; one that was ignored (as
/// nohup does) stays so. A closed pipe ends it without a word too, whatever its parent did about SIGPIPE.
/// For the start of main.
void end_on_signals() noexcept;

/// What a signal writes to standard output before it ends the program, so that the terminal is as it was; nullptr:
/// colours set back, if it has some. The text lives for ever.
void end_with(const char* last_words) noexcept;

}  // namespace earshot
