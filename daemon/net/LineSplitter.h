// LineSplitter: bytes as they come -> lines, with bounded memory whoever sends them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace earshot {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  struct Line {
    std::string text;       ///< without its newline
    bool too_long = false;  ///< longer than `most_bytes`: what came of it is gone, the rest will be skipped
  };

  /// The next line, taken off the front of `bytes`; nothing once all of `bytes` is used up.
  std::optional<Line> next(std::string_view& bytes);

  /// At the end of the stream: what came after the last newline, unless that is nothing.
  std::optional<Line> finish();

 private:
  std::size_t most_bytes_;
  std::string text_;
  bool skipping_ = false;
};

}  // namespace earshot
