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

void TomlText::hours(const LocalHours& hours) {
  if (hours.between)
    line("between",
         toml_strings({clock_text_of(hours.between->first), clock_text_of(hours.between->second)}));
  if (hours.days.all()) return;
  std::vector<std::string> days;
  for (std::size_t day = 0; day < hours.days.size(); ++day) {
    if (hours.days.test(day)) days.emplace_back(weekday_name(day));
  }
  line("days", toml_strings(days));
}

}  // namespace earshot
