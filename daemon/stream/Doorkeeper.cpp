#include "daemon/stream/Doorkeeper.h"

#include <algorithm>

namespace earshot {
namespace {

/// Besides those with clients. When there are more, those without any are forgotten, and with them how often
/// they came.
constexpr std::size_t kMostOrigins = 4096;

}  // namespace

void Doorkeeper::change(const StreamSettings& settings) noexcept {
  max_clients_ = settings.max_clients;
  connects_at_once_ = static_cast<double>(settings.connects_at_once);
  connects_per_s_ = settings.connects_per_s;
}

Doorkeeper::Origin Doorkeeper::origin_of(const Peer& peer) noexcept {
  if (peer.user) return {.user = *peer.user};
  if (peer.address.is_loopback()) return {};
  return {.network = peer.is_neighbour ? peer.address.bytes : peer.address.network().bytes};
}

std::size_t Doorkeeper::places_of(const Peer& peer) const noexcept {
  return peer.address.is_loopback() ? max_clients_ : std::max<std::size_t>(max_clients_ / 2, 1);
}

// All its clients may come back at once, as after a restart, and once more.
double Doorkeeper::most_connects(const Peer& peer) const noexcept {
  return std::max(connects_at_once_, 2.0 * static_cast<double>(places_of(peer)));
}

bool Doorkeeper::knock(const Peer& peer, Clock::time_point now) {
  const Origin origin = origin_of(peer);
  if (!origins_.contains(origin) && origins_.size() >= kMostOrigins + max_clients_) {
    std::erase_if(origins_, [](const auto& each) { return each.second.clients == 0; });
  }
  const double most = most_connects(peer);
  Record& record = origins_.try_emplace(origin, Record{0, most, now}).first->second;
  const double passed_s = std::chrono::duration<double>(now - record.counted).count();
  record.connects = std::min(most, record.connects + passed_s * connects_per_s_);
  record.counted = now;
  if (record.connects < 1.0) return false;
  record.connects -= 1.0;
  return true;
}

Doorkeeper::Room Doorkeeper::room_for(const Peer& peer) const {
  if (clients_ >= max_clients_) return Room::none;
  const auto found = origins_.find(origin_of(peer));
  return found != origins_.end() && found->second.clients >= places_of(peer) ? Room::none_for_address
                                                                             : Room::free;
}

void Doorkeeper::enter(const Peer& peer) {
  ++clients_;
  ++origins_[origin_of(peer)].clients;
}

void Doorkeeper::leave(const Peer& peer) {
  --clients_;
  --origins_[origin_of(peer)].clients;
}

}  // namespace earshot
