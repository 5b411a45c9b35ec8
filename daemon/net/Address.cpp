#include "daemon/net/Address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr int kV4PrefixBits = 96;

template <typename Number>
std::optional<Number> parse_number(std::string_view text, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

/// Binds and listens; the reason of a failure stays in errno.
bool bind_and_listen(int socket, const IpAddress& address, std::uint16_t port) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return false;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data() + 12, 4);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&v4), sizeof v4) != 0) return false;
  } else {
    const int off = 0;  // [::] serves IPv4 as well
    if (::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) return false;
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&v6), sizeof v6) != 0) return false;
  }
  return ::listen(socket, SOMAXCONN) == 0;
}

}  // namespace

bool IpAddress::is_v4() const noexcept {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

bool IpAddress::is_loopback() const noexcept {
  if (is_v4()) return bytes[12] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) && bytes[15] == 1;
}

IpAddress IpAddress::network() const noexcept {
  IpAddress network = *this;
  if (!is_v4()) std::fill(network.bytes.begin() + 8, network.bytes.end(), std::uint8_t{0});
  return network;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (is_v4()) {
    ::inet_ntop(AF_INET, bytes.data() + 12, buffer, sizeof buffer);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
  }
  return buffer;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  address.bytes = {};
  address.bytes[10] = address.bytes[11] = 0xFF;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + 12) == 1) return address;
  return std::nullopt;
}

std::string Endpoint::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number<unsigned>(text.substr(colon + 1), 65535U);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos || !parse_ip(host)) return std::nullopt;
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address needs its brackets
  }
  if (!port || host.empty()) return std::nullopt;
  return Endpoint{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::optional<IpAddress> listen_address(const Endpoint& endpoint) {
  return parse_ip(endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host);
}

bool collide(const Endpoint& a, const Endpoint& b) {
  const auto first = listen_address(a);
  const auto second = listen_address(b);
  if (a.port != b.port || a.port == 0 || !first || !second) return false;
  const IpAddress all;
  IpAddress all_v4;
  all_v4.bytes[10] = all_v4.bytes[11] = 0xFF;
  const auto covers = [&](const IpAddress& one, const IpAddress& other) {
    return one == other || one == all || (one == all_v4 && other.is_v4());
  };
  return covers(*first, *second) || covers(*second, *first);
}

std::string IpNetwork::text() const {
  if (!address.is_v4()) return address.text() + '/' + std::to_string(prefix_bits);
  if (prefix_bits < kV4PrefixBits) return "::ffff:" + address.text() + '/' + std::to_string(prefix_bits);
  return address.text() + '/' + std::to_string(prefix_bits - kV4PrefixBits);
}

bool IpNetwork::contains(const IpAddress& other) const noexcept {
  const auto whole_bytes = static_cast<std::ptrdiff_t>(prefix_bits / 8);
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole_bytes, other.bytes.begin()))
    return false;
  const int rest_bits = prefix_bits % 8;
  if (rest_bits == 0) return true;
  const auto at = static_cast<std::size_t>(whole_bytes);
  return ((address.bytes[at] ^ other.bytes[at]) >> (8 - rest_bits)) == 0;
}

std::optional<IpNetwork> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  // A mapped address written as IPv6 counts its prefix over all 128 bits.
  const bool dotted = address->is_v4() && text.substr(0, slash).find(':') == std::string_view::npos;
  const int before = dotted ? kV4PrefixBits : 0;
  if (slash == std::string_view::npos) return IpNetwork{*address, 128};
  const auto bits = parse_number<int>(text.substr(slash + 1), 128 - before);
  if (!bits || *bits < 0) return std::nullopt;
  return IpNetwork{*address, before + *bits};
}

bool may_connect(const IpAddress& peer, std::span<const IpNetwork> allow) noexcept {
  if (peer.is_loopback()) return true;
  return std::any_of(allow.begin(), allow.end(),
                     [&](const IpNetwork& network) { return network.contains(peer); });
}

int open_listener(const Endpoint& endpoint, std::span<const IpNetwork> allow) {
  const auto address = listen_address(endpoint);
  if (!address) {
    throw Error(ExitCode::config, "listen: found '" + endpoint.host + "', expected an IPv4 or IPv6 address");
  }
  if (!address->is_loopback() && allow.empty()) {
    throw Error(ExitCode::config, "listen: found '" + endpoint.text() +
                                      "' without allow, expected a loopback address or allow = [networks]");
  }
  const int family = address->is_v4() ? AF_INET : AF_INET6;
  const int socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0 || !bind_and_listen(socket, *address, endpoint.port)) {
    const std::string reason = std::generic_category().message(errno);
    if (socket >= 0) ::close(socket);
    throw Error(ExitCode::unavailable, "cannot listen on " + endpoint.text() + ": " + reason);
  }
  return socket;
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

}  // namespace earshot
