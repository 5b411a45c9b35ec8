// CommandWords: what a command says to people, in the log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/log/LogSummary.h"

namespace earshot {

/// A line each, without passwords and cut at a length that a log bears. Those of a start are written at once,
/// up to a number; what comes beyond them is summed up once a minute. Not thread safe.
class CommandWords {
 public:
  using Clock = LogSummary::Clock;

  /// `who` is how the log calls it: "source 'cam': ffmpeg".
  explicit CommandWords(std::string who);
  /// Writes what was left for a summary.
  ~CommandWords() { rest_.finish(); }
  CommandWords(const CommandWords&) = delete;
  CommandWords& operator=(const CommandWords&) = delete;

  /// Bytes as they come. A carriage return ends a line, too: so programs show how they get on.
  void take(std::string_view bytes, Clock::time_point now);
  /// The stream is over: what it left without a line's end was a line.
  void finish(Clock::time_point now);
  /// The last line as the log has it, "" if there was none since the last call.
  std::string take_last();
  /// All is well again: what comes next may be news.
  void renew() noexcept { lines_left_ = kLinesAtOnce; }
  /// Now and then.
  void tick(Clock::time_point now) noexcept { rest_.tick(now); }

 private:
  static constexpr int kLinesAtOnce = 20;

  std::string who_;
  std::string line_;
  std::string last_;
  int lines_left_ = kLinesAtOnce;
  LogSummary rest_{LogLevel::info};
};

/// `text` as one line of at most `most_bytes` of UTF-8, passwords struck out: "... " where it is cut.
std::string shown_line(std::string_view text, std::size_t most_bytes);

}  // namespace earshot
