// WatchView: the stream's messages as lines that people read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace earshot {

/// A field of text, control characters as '?'; empty if there is none.
std::string text_of(const boost::json::object& message, std::string_view key);

/// Columns are as wide as the names in `hello` need. Messages come from elsewhere: fields that are missing or
/// of another type show as nothing, control characters as '?'.
class WatchView {
 public:
  /// `terminal`: bars and colours.
  WatchView(const boost::json::object& hello, bool terminal);

  /// What a connection tells first: server, model, sources.
  std::string greeting() const { return greeting_; }
  /// Without a newline; nothing for messages that people need not see.
  std::optional<std::string> line(const boost::json::object& message) const;

 private:
  std::string prediction(const boost::json::object& message) const;
  static std::string others(const boost::json::object& message);
  std::string column(const boost::json::object& message, const char* key, std::size_t width) const;
  std::string painted(const char* colour, const std::string& text) const;
  std::string seconds(const boost::json::object& message, const char* key) const;

  std::string greeting_;
  std::size_t source_width_ = 6;
  std::size_t label_width_ = 7;
  double rate_hz_ = 0.0;
  bool several_labels_ = false;  ///< at once
  bool terminal_;
};

}  // namespace earshot
