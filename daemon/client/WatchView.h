// WatchView: the stream's messages as lines that people read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "dsp/base/Terminal.h"

namespace earshot {

/// Columns are as wide as the names in `hello` need, on a terminal as wide as it is now: longer names and
/// lines end with an ellipsis. Messages come from elsewhere: fields that are missing or of another type show
/// as nothing, control characters written out.
class WatchView {
 public:
  /// A terminal that is live shows bars.
  WatchView(const boost::json::object& hello, const Terminal& terminal);

  /// What a connection tells first: server, model, sources.
  std::string greeting() const { return greeting_; }
  /// Without a newline; nothing for messages that people need not see.
  std::optional<std::string> line(const boost::json::object& message) const;

 private:
  struct Columns {
    std::size_t source = 0;
    std::size_t label = 0;
    bool bar = false;
  };
  /// Those that fit now.
  Columns columns() const;
  std::size_t line_columns() const;
  std::string full_line(const boost::json::object& message, const Columns& columns) const;
  std::string prediction(const boost::json::object& message, const Columns& columns) const;
  std::string column(const boost::json::object& message, const char* key, std::size_t width) const;
  std::string fitted(const std::string& text, std::size_t width) const;
  std::string bar(double fraction) const;
  std::string painted(const char* colour, const std::string& text) const;
  std::string seconds(const boost::json::object& message, const char* key) const;

  std::string greeting_;
  std::size_t source_width_ = 6;
  std::size_t label_width_ = 7;
  double rate_hz_ = 0.0;
  Terminal terminal_;
};

}  // namespace earshot
