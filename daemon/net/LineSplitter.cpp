#include "daemon/net/LineSplitter.h"

#include <utility>

namespace earshot {

std::optional<LineSplitter::Line> LineSplitter::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const bool complete = newline != std::string_view::npos;
    const std::string_view part = bytes.substr(0, newline);
    bytes.remove_prefix(complete ? newline + 1 : bytes.size());
    if (skipping_) {
      skipping_ = !complete;
      continue;
    }
    if (text_.size() + part.size() > most_bytes_) {
      std::string().swap(text_);
      skipping_ = !complete;
      return Line{{}, true};
    }
    text_ += part;
    if (complete) return Line{std::exchange(text_, {}), false};
  }
  return std::nullopt;
}

std::optional<LineSplitter::Line> LineSplitter::finish() {
  skipping_ = false;
  if (text_.empty()) return std::nullopt;
  return Line{std::exchange(text_, {}), false};
}

}  // namespace earshot
