// StreamAddresses: where the stream's server listens, and how it comes to listen elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "daemon/net/SocketAddress.h"
#include "daemon/settings/StreamSettings.h"
#include "daemon/stream/StreamListener.h"

namespace earshot {

/// Not thread safe: the thread that constructs the server owns it.
class StreamAddresses {
 public:
  using Listeners = std::vector<std::unique_ptr<StreamListener>>;
  /// What the server does with listeners that it has, each by the address that was asked for; they return
  /// when it is done.
  struct Own {
    std::function<void(const SocketAddress&)> close;
    std::function<void(const SocketAddress&)> open_again;
  };

  /// Listeners for those of `to` that there are none for yet. Of the server's own, one that `to` does not ask
  /// for and that is in the way of another is closed before. Throws as open_listener and open_unix_listener
  /// do, and all is as before.
  Listeners change(boost::asio::io_context& io, const StreamSettings& to, const Own& own);

  /// TCP first: "127.0.0.1:7557, unix:/run/earshot/earshot.sock", with the ports that the system chose.
  std::string text() const;
  /// The first port; 0 if there is none.
  std::uint16_t port() const noexcept;

 private:
  std::vector<SocketAddress> asked_;  // by the settings as they were given last
  std::vector<SocketAddress> bound_;  // of those
};

}  // namespace earshot
