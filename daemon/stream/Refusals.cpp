#include "daemon/stream/Refusals.h"

#include <utility>

#include <boost/asio/buffer.hpp>

#include <spdlog/fmt/fmt.h>

#include "daemon/stream/StreamState.h"

namespace earshot {
namespace {

using RefusalClock = StreamSession::Clock;

/// Of those who connect too often, kept waiting for their answer. More get it at once.
constexpr std::size_t kMostWaiting = 64;

}  // namespace

void Refusals::stranger(const Peer& peer) {
  stranger_.line(RefusalClock::now(), "client {} turned away: it is in no network of allow", peer.name);
}

void Refusals::too_often(const Peer& peer, Socket socket, double connects_per_s) {
  too_often_.line(RefusalClock::now(), "client {} turned away: it connects more often than {} times a second",
                  peer.name, connects_per_s);
  // One that tries again once it has its answer leaves room for others meanwhile.
  waiting_.push_back(
      {std::move(socket),
       {"connecting_too_often", fmt::format("found more connections from {} than {} a second, expected fewer",
                                            peer.name, connects_per_s)}});
  if (waiting_.size() > kMostWaiting) answer_waiting();
}

void Refusals::too_many(const Peer& peer, Socket socket, std::size_t clients) {
  too_many_.line(RefusalClock::now(), "client {} turned away: {} are connected", peer.name, clients);
  answer({std::move(socket),
          {"too_many_clients",
           fmt::format("found {} clients, expected fewer: max_clients is reached", clients)}});
}

void Refusals::too_many_from_address(const Peer& peer, Socket socket, std::size_t places) {
  too_many_from_address_.line(
      RefusalClock::now(), "client {} turned away: it has {} places, half of max_clients", peer.name, places);
  answer({std::move(socket),
          {"too_many_from_address",
           fmt::format("found {} clients from {}, expected fewer: one machine may take half of max_clients",
                       places, peer.name)}});
}

void Refusals::answer(TurnedAway client) {
  boost::system::error_code ignored;  // a new connection's buffer takes one line, or the client is gone
  client.socket.non_blocking(true, ignored);
  client.socket.write_some(boost::asio::buffer(*error_line(client.error)), ignored);
  client.socket.shutdown(Socket::shutdown_send, ignored);
}

void Refusals::answer_waiting() {
  for (TurnedAway& each : waiting_) answer(std::move(each));
  waiting_.clear();
}

void Refusals::tick() {
  answer_waiting();
  for (LogSummary* each : {&stranger_, &too_often_, &too_many_, &too_many_from_address_})
    each->tick(RefusalClock::now());
}

void Refusals::finish() {
  answer_waiting();
  for (LogSummary* each : {&stranger_, &too_often_, &too_many_, &too_many_from_address_}) each->finish();
}

}  // namespace earshot
