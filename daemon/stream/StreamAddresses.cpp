#include "daemon/stream/StreamAddresses.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace earshot {
namespace {

bool makes_way(const SocketAddress& mine, const StreamSettings& to, const SocketAddress& address) {
  return collide(mine, address) && std::ranges::find(to.listen, mine) == to.listen.end();
}

}  // namespace

StreamAddresses::Listeners StreamAddresses::change(boost::asio::io_context& io, const StreamSettings& to,
                                                   const Own& own) {
  Listeners opened;
  std::vector<SocketAddress> bound;
  std::vector<SocketAddress> closed;
  try {
    for (const SocketAddress& address : to.listen) {
      if (const auto there = std::ranges::find(asked_, address); there != asked_.end()) {
        bound.push_back(bound_[static_cast<std::size_t>(there - asked_.begin())]);
        continue;
      }
      for (const SocketAddress& mine : asked_) {
        if (!makes_way(mine, to, address)) continue;
        closed.push_back(mine);
        own.close(mine);
      }
      opened.push_back(std::make_unique<StreamListener>(io, address, to.admitted()));
      bound.push_back(opened.back()->address);
    }
  } catch (...) {
    opened.clear();
    for (const SocketAddress& mine : closed) own.open_again(mine);
    throw;
  }
  asked_ = to.listen;
  bound_ = std::move(bound);
  return opened;
}

std::string StreamAddresses::text() const {
  std::string endpoints;
  std::string paths;
  for (const SocketAddress& address : bound_) {
    std::string& list = std::holds_alternative<Endpoint>(address) ? endpoints : paths;
    list += (list.empty() ? "" : ", ") + to_text(address);
  }
  return endpoints + (endpoints.empty() || paths.empty() ? "" : ", ") + paths;
}

std::uint16_t StreamAddresses::port() const noexcept {
  for (const SocketAddress& address : bound_) {
    if (const auto* endpoint = std::get_if<Endpoint>(&address)) return endpoint->port;
  }
  return 0;
}

}  // namespace earshot
