// AsioGlue: what all users of Asio here need of it.
#pragma once

#include <exception>

#include <boost/asio/ip/address.hpp>

#include "daemon/net/Address.h"

namespace earshot {

/// Without the scope of a link-local address: `allow` has none.
inline IpAddress ip_of(const boost::asio::ip::address& address) {
  using boost::asio::ip::make_address_v6;
  using boost::asio::ip::v4_mapped;
  IpAddress ip;
  ip.bytes =
      address.is_v6() ? address.to_v6().to_bytes() : make_address_v6(v4_mapped, address.to_v4()).to_bytes();
  return ip;
}

/// For co_spawn: what a coroutine did not catch ends the thread that runs it.
inline void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace earshot
