// TomlText: a configuration's text, table by table.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/net/SocketAddress.h"
#include "nn/events/LocalHours.h"

namespace earshot {

/// A TOML basic string.
std::string toml_string(std::string_view text);
/// A list of them.
std::string toml_strings(const std::vector<std::string>& texts);

class TomlText {
 public:
  /// "[gate]", after an empty line.
  void header(std::string_view name);
  void line(std::string_view key, std::string_view value);
  /// The keys 'listen', one address or a list, and 'allow', if there are any.
  void listener(const std::vector<SocketAddress>& listen, const std::vector<IpNetwork>& allow);
  /// The keys 'between' and 'days', if they are not all there is.
  void hours(const LocalHours& hours);

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace earshot
