#include "daemon/settings/StreamSettings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace earshot {
namespace {

// One address or a list of them.
std::vector<SocketAddress> read_stream_listen(StrictToml& table, const std::vector<SocketAddress>& fallback,
                                              const std::vector<IpNetwork>& allow, Listeners& listeners) {
  std::vector<SocketAddress> addresses;
  if (!table.has("listen")) addresses = fallback;
  for (const std::string& text :
       table.has_text("listen") ? std::vector{table.text("listen", "")} : table.texts("listen")) {
    const auto address = parse_socket_address(text);
    if (address && std::holds_alternative<UnixPath>(*address)) {
      addresses.push_back(*address);
    } else {
      addresses.emplace_back(read_endpoint(
          table, text, "\"127.0.0.1:7557\", \"[::1]:7557\", \"unix:/PATH\" or a list of such addresses",
          allow));
    }
  }
  if (addresses.empty()) table.refuse("listen", "an empty list", "at least one address");
  for (const SocketAddress& address : addresses) listeners.add(table, address);
  return addresses;
}

}  // namespace

bool StreamSettings::speaks_tls(const SocketAddress& address) const {
  const auto* endpoint = std::get_if<Endpoint>(&address);
  const auto ip = endpoint ? listen_address(*endpoint) : std::nullopt;
  return tls && ip && !ip->is_loopback();
}

StreamSettings read_stream_settings(StrictToml& tcp, const std::optional<TlsSettings>& tls,
                                    Listeners& listeners) {
  StreamSettings stream;
  stream.allow = read_allow(tcp);
  stream.tls = tls;
  stream.listen = read_stream_listen(tcp, stream.listen, stream.admitted(), listeners);
  const auto size = [&](const char* key, std::size_t fallback, std::int64_t least, std::int64_t most) {
    return static_cast<std::size_t>(tcp.integer(key, static_cast<std::int64_t>(fallback), least, most));
  };
  stream.max_clients = size("max_clients", stream.max_clients, 1, 10'000);
  stream.client_buffer_kib = size("client_buffer_kib", stream.client_buffer_kib, 64, 1'048'576);
  stream.history = size("history", stream.history, 0, 1'000'000);
  tcp.reject_unknown();
  return stream;
}

void write_stream_settings(TomlText& text, const StreamSettings& stream) {
  text.header("[publish.tcp]");
  text.listener(stream.listen, stream.allow);
  text.line("max_clients", std::to_string(stream.max_clients));
  text.line("client_buffer_kib", std::to_string(stream.client_buffer_kib));
  text.line("history", std::to_string(stream.history));
}

}  // namespace earshot
