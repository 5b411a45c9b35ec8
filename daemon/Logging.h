// Logging: spdlog to standard error, with journald's priorities when that is what reads it.
#pragma once

#include <string>
#include <string_view>

namespace earshot {

/// Sets spdlog's default logger: each message one line on standard error, after "<N>" (sd-daemon(3)) under
/// journald, else after the local time with its zone (RFC 3339) and the level. What would break a line or
/// change a terminal is written out. `level` as spdlog names it. Keeps a descriptor of its own: what
/// becomes of standard error later does not matter.
void start_logging(const std::string& level);

/// Why earshotd ends, whatever the level: a line of the log once that has started, or under journald; before,
/// "earshotd: ..." to whoever typed the command.
void log_fatal(std::string_view line);

}  // namespace earshot
