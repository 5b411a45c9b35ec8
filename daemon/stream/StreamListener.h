// StreamListener: one address that the stream's clients may connect to.
#pragma once

#include <span>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/net/SocketAddress.h"
#include "daemon/net/UnixListener.h"

namespace earshot {

/// All but construction on the server's thread.
struct StreamListener {
  /// Listens from here on. Throws as open_listener and open_unix_listener do.
  StreamListener(boost::asio::io_context& io, const SocketAddress& where, std::span<const IpNetwork> allow);

  /// Accepts no more; a Unix socket's file is gone.
  void close();

  SocketAddress asked;    ///< for
  SocketAddress address;  ///< with the port that the system chose
  boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor;
  SocketFile file;
  boost::asio::steady_timer pause;  ///< before it goes on accepting
};

}  // namespace earshot
