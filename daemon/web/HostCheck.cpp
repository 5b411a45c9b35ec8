#include "daemon/web/HostCheck.h"

#include <algorithm>
#include <optional>
#include <string>

namespace earshot {
namespace {

char lower_ascii(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

// Without port and brackets; nothing if it is written in no such way.
std::optional<std::string> host_name_in(std::string_view host) {
  std::string text(host);
  std::ranges::transform(text, text.begin(), lower_ascii);
  const bool has_port = text.find(':') != std::string::npos && !text.ends_with(']');
  const auto endpoint = parse_endpoint(has_port ? text : text + ":80");
  if (!endpoint) return std::nullopt;
  std::string name = endpoint->host;
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

bool is_own_host(std::string_view host, const Endpoint& listen, const IpAddress& local) {
  const auto name = host_name_in(host);
  if (!name) return false;
  if (*name == "localhost") return true;
  const auto address = parse_ip(*name);
  if (!address) return false;
  return address->is_loopback() || *address == local || address == listen_address(listen);
}

}  // namespace earshot
