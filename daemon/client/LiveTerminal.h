// LiveTerminal: the screen of a terminal drawn over in place, by sequences of ECMA-48, and left as it was.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "dsp/base/Terminal.h"

namespace earshot {

/// At most one at a time, by the main thread. It takes the terminal's second screen (xterm's, as every terminal in use
/// has it) and hides the cursor until it goes, a signal of end_on_signals() ends the program, or Ctrl-Z stops it. At the
/// end the rows that were drawn last stay as lines.
class LiveTerminal {
 public:
  /// `terminal` is live.
  explicit LiveTerminal(const Terminal& terminal);
  ~LiveTerminal();
  LiveTerminal(const LiveTerminal&) = delete;
  LiveTerminal& operator=(const LiveTerminal&) = delete;

  /// In one write, none if it is what is there. Throws Error(io) if the terminal takes nothing.
  void draw(const std::vector<std::string>& rows);

 private:
  void write(const std::string& text) const;

  Terminal terminal_;
  std::string drawn_;
  std::array<std::string, 2> last_words_;  // in turn: a signal may be reading one
  std::size_t words_ = 0;
  int columns_ = 0;
  int rows_ = 0;
};

}  // namespace earshot
