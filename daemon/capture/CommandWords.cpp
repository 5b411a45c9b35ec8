#include "daemon/capture/CommandWords.h"

#include <utility>

#include "daemon/log/Logging.h"
#include "daemon/log/WithoutPasswords.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr std::size_t kMostKept = 4096;  // of a line, so that a password is whole when it is looked for
constexpr std::size_t kMostShown = 400;

}  // namespace

std::string shown_line(std::string_view text, std::size_t most_bytes) {
  constexpr std::string_view kCut = " ...";
  std::string line = printable(without_passwords(text));
  if (line.size() <= most_bytes) return line;
  std::size_t end = most_bytes - kCut.size();
  while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;  // inside a character
  return line.substr(0, end).append(kCut);
}

CommandWords::CommandWords(std::string who) : who_(std::move(who)) {}

void CommandWords::take(std::string_view bytes, Clock::time_point now) {
  for (const char byte : bytes) {
    if (byte == '\n' || byte == '\r') {
      finish(now);
    } else if (line_.size() < kMostKept) {
      line_ += byte;
    }
  }
}

void CommandWords::finish(Clock::time_point now) {
  const std::string line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t") == std::string::npos) return;
  last_ = shown_line(line, kMostShown);
  if (lines_left_ > 0) {
    --lines_left_;
    log_info("{}: {}", who_, last_);
  } else {
    rest_.line(now, "{}: {}", who_, last_);
  }
}

std::string CommandWords::take_last() {
  return std::exchange(last_, {});
}

}  // namespace earshot
