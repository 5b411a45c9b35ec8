// Doorkeeper: how many clients there may be, from one address, and how often one may connect. No sockets
// here.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>

#include "daemon/net/Peer.h"
#include "daemon/settings/StreamSettings.h"

namespace earshot {

/// Of all places a machine beyond loopback may take half, so that a broken one locks nobody out. An IPv4
/// address counts as a machine, and an IPv6 one of our own network; of other networks of IPv6 the 64 bits
/// do: a machine has any number of addresses there. Whoever connects more often than `connects_per_s`, after
/// `connects_at_once` and at least twice its places, waits; then loopback counts as one machine, and each
/// user of a Unix socket as one. Its memory is bounded whoever comes. Not thread safe.
class Doorkeeper {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Doorkeeper(const StreamSettings& settings) { change(settings); }

  /// Who is in stays in.
  void change(const StreamSettings& settings) noexcept;

  /// Somebody connects: false if that is too often.
  bool knock(const Peer& peer, Clock::time_point now);

  enum class Room { free, none_for_address, none };
  Room room_for(const Peer& peer) const;
  /// How many places the peer's machine may have.
  std::size_t places_of(const Peer& peer) const noexcept;

  void enter(const Peer& peer);
  void leave(const Peer& peer);

  /// Machines that it knows of.
  std::size_t origins() const noexcept { return origins_.size(); }

 private:
  struct Origin {
    std::array<std::uint8_t, 16> network{};  ///< or one address of it
    std::int64_t user = -1;  ///< of a Unix socket
    auto operator<=>(const Origin&) const = default;
  };
  struct Record {
    std::size_t clients = 0;
    double connects = 0.0;  ///< that it has left, at the time of `counted`
    Clock::time_point counted{};
  };
  static Origin origin_of(const Peer& peer) noexcept;
  double most_connects(const Peer& peer) const noexcept;

  std::size_t max_clients_ = 0;
  double connects_at_once_ = 0.0;
  double connects_per_s_ = 0.0;
  std::size_t clients_ = 0;
  std::map<Origin, Record> origins_;
};

}  // namespace earshot
