// Logging: one line on standard error, with journald's priorities when that is what reads it. spdlog's one door.
#pragma once

#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>

namespace earshot {

enum class LogLevel { debug, info, warning, error };

/// Sets spdlog's default logger: each message one line on standard error, after "<N>" (sd-daemon(3)) under
/// journald, else after the local time with its zone (RFC 3339) and the level. What would break a line or
/// change a terminal is written out. `level` as spdlog names it. Keeps a descriptor of its own: what
/// becomes of standard error later does not matter. Where a pipe or terminal takes nothing, because its
/// reader stands still, lines are lost, and how many is the next that goes out.
void start_logging(const std::string& level);

/// From here on. `level` as spdlog names it.
void set_log_level(const std::string& level);

/// Why earshotd ends, whatever the level: a line of the log once that has started, or under journald; before,
/// "earshotd: ..." to whoever typed the command.
void log_fatal(std::string_view line);

/// Writes a line, formatted as by {fmt}, unless the level is too low. From any thread.
void log_text(LogLevel level, fmt::string_view format, fmt::format_args arguments) noexcept;

template <class... Arguments>
void log_line(LogLevel level, fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
  log_text(level, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
  log_text(LogLevel::debug, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
  log_text(LogLevel::info, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
  log_text(LogLevel::warning, format, fmt::make_format_args(arguments...));
}
template <class... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
  log_text(LogLevel::error, format, fmt::make_format_args(arguments...));
}

}  // namespace earshot
