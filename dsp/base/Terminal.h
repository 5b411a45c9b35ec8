// Terminal: what a stream that people look at can show: a line that is redrawn, its width, colours, glyphs.
#pragma once

namespace earshot {

struct Terminal {
  int descriptor = -1;   ///< of the terminal; -1: width is 80 columns
  bool live = false;     ///< its last line may be written over
  bool colour = false;   ///< unless NO_COLOR is set (no-color.org)
  bool unicode = false;  ///< the locale is one of UTF-8

  /// As wide as it is now; 80 if it does not say.
  int columns() const noexcept;
  /// As high as it is now; 24 if it does not say.
  int rows() const noexcept;
};

/// A pipe, a file or a terminal of TERM=dumb is not live and has no colours.
Terminal terminal_of(int descriptor);

}  // namespace earshot
