// TlsLimits: how long, how many and how often those may be who have yet to say a token.
#pragma once

#include <chrono>
#include <cstddef>

namespace earshot {

/// What tests shorten.
struct TlsLimits {
  std::chrono::milliseconds token{10'000};    ///< from the connection to the token's last byte
  std::chrono::milliseconds refusal{1'000};   ///< before a wrong token is answered
  std::chrono::milliseconds farewell{2'000};  ///< for one that was refused to take the reason
  std::chrono::milliseconds stall{60'000};    ///< one that took nothing for so long is closed
  std::size_t strangers = 64;  ///< that have yet to say a token; one more, and the first of them goes
  std::size_t strangers_of_address = 8;  ///< the same from one address
  double failures_at_once = 10.0;  ///< of one address, before it may fail `failures_per_s` times a second
  double failures_per_s = 1.0;     ///< whoever fails more often is closed before its handshake
  /// An IPv6 network of 64 bits has so many times what one address has: a machine may have any number of
  /// addresses there, and neighbours as well.
  std::size_t addresses_of_network = 4;
};

}  // namespace earshot
