// `earshot watch`: shows what a daemon publishes, and comes back by itself when the connection is lost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <ostream>

#include "daemon/net/ClientSocket.h"
#include "daemon/net/SocketAddress.h"
#include "dsp/base/Terminal.h"

namespace earshot {

struct WatchSettings {
  SocketAddress server = Endpoint{"127.0.0.1", 7557};
  std::optional<TlsCredentials> tls = {};  ///< where the daemon speaks TLS
  bool json = false;                   ///< lines as they come
  std::optional<std::filesystem::path> notes = {};  ///< what is written to this file is shown, too
  Terminal terminal;                   ///< what `out` is
  std::optional<std::uint64_t> count = {};      ///< return after so many predictions
};

/// On a live terminal a screen drawn in place, unless lines of JSON or a count is asked for. Else messages to `out`, a
/// line each, and what happens to the connection to `notices`, once per change. Main thread. Without a count it
/// returns never. Throws Error(bad_data) if something else than earshotd answers there, Error(io) if `out`
/// fails.
void watch(const WatchSettings& settings, std::ostream& out, std::ostream& notices);

}  // namespace earshot
