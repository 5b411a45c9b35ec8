#include "daemon/settings/TomlText.h"

#include <spdlog/fmt/fmt.h>

#include <iterator>

namespace earshot {

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string toml_strings(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + toml_string(text);
  return '[' + list + ']';
}

void TomlText::header(std::string_view name) {
  fmt::format_to(std::back_inserter(text_), "{}{}\n", text_.empty() ? "" : "\n", name);
}

void TomlText::line(std::string_view key, std::string_view value) {
  fmt::format_to(std::back_inserter(text_), "{} = {}\n", key, value);
}

void TomlText::listener(const std::vector<SocketAddress>& listen, const std::vector<IpNetwork>& allow) {
  std::vector<std::string> addresses;
  for (const SocketAddress& address : listen) addresses.push_back(to_text(address));
  line("listen", addresses.size() == 1 ? toml_string(addresses.front()) : toml_strings(addresses));
  if (allow.empty()) return;
  std::vector<std::string> networks;
  for (const IpNetwork& network : allow) networks.push_back(network.text());
  line("allow", toml_strings(networks));
}

}  // namespace earshot
