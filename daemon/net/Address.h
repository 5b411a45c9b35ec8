// Addresses as users write them, and who may connect to a listener.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace earshot {

/// An IPv6 address, or an IPv4 one in its mapped form (::ffff:a.b.c.d).
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  bool is_v4() const noexcept;
  /// 127.0.0.0/8 or ::1.
  bool is_loopback() const noexcept;
  /// Itself, of IPv6 its network of 64 bits, in which one machine may have any number of addresses.
  IpAddress network() const noexcept;
  std::string text() const;
  bool operator==(const IpAddress&) const = default;
};

/// "192.168.1.7", "::1"; nothing for anything else, names and scope ids included.
std::optional<IpAddress> parse_ip(std::string_view text);

/// Where to listen or to connect. `host` is an address without brackets, or a name.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  /// "127.0.0.1:7557", "[::1]:7557".
  std::string text() const;
  bool operator==(const Endpoint&) const = default;
};

/// "HOST:PORT" or "[IPV6]:PORT", port 0 .. 65535; nothing for anything else.
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// The address a listener binds to: `host` as an address, "localhost" as 127.0.0.1; nothing for other names.
std::optional<IpAddress> listen_address(const Endpoint& endpoint);

/// Whether one machine cannot listen on both: equal ports, and an address that is the other, or all addresses
/// ("0.0.0.0" those of IPv4, "[::]" those of IPv6 as well). Port 0 is whichever is free.
bool collide(const Endpoint& a, const Endpoint& b);

/// "192.168.1.0/24", "fd00::/8", or a single address.
struct IpNetwork {
  IpAddress address;
  int prefix_bits = 128;  ///< of the 128 of the mapped form

  /// As parse_network reads it back.
  std::string text() const;
  bool contains(const IpAddress& other) const noexcept;
  bool operator==(const IpNetwork&) const = default;
};

/// Nothing if it is not an address or a network; host bits may be set ("192.168.1.7/24").
std::optional<IpNetwork> parse_network(std::string_view text);

/// Whether `peer` may connect: from this machine always, from elsewhere if a network of `allow` holds it.
bool may_connect(const IpAddress& peer, std::span<const IpNetwork> allow) noexcept;

/// A bound, listening, non-blocking TCP socket that closes itself on exec; the caller closes it. Port 0 lets
/// the system choose. Throws Error(unavailable) naming address and reason ("127.0.0.1:7557: Address already
/// in use"), Error(config) if the host is no address, or lies beyond loopback while `allow` is empty.
int open_listener(const Endpoint& endpoint, std::span<const IpNetwork> allow);

/// The port a socket is bound to.
std::uint16_t bound_port(int socket);

}  // namespace earshot
