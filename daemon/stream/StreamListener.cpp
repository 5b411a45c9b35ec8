#include "daemon/stream/StreamListener.h"

#include <netinet/in.h>

#include <utility>

namespace earshot {

StreamListener::StreamListener(boost::asio::io_context& io, const SocketAddress& where,
                               std::span<const IpNetwork> allow)
    : asked(where), address(where), acceptor(io), pause(io) {
  if (auto* endpoint = std::get_if<Endpoint>(&address)) {
    const int socket = open_listener(*endpoint, allow);
    acceptor.assign({listen_address(*endpoint)->is_v4() ? AF_INET : AF_INET6, IPPROTO_TCP}, socket);
    endpoint->port = bound_port(socket);
  } else {
    UnixListener listener = open_unix_listener(std::get<UnixPath>(address));
    acceptor.assign({AF_UNIX, 0}, listener.socket);
    file = std::move(listener.file);
  }
}

void StreamListener::close() {
  boost::system::error_code ignored;
  acceptor.close(ignored);
  file = {};
  pause.cancel();
}

}  // namespace earshot
