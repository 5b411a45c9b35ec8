// DaemonWord: what a running daemon says of itself: its hello, why sources are as they are, one heartbeat.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/SocketAddress.h"
#include "daemon/settings/StreamSettings.h"

namespace earshot {

struct HeardSource {
  std::string name;
  std::string kind;
  std::string state;
  std::string detail;  ///< of its last change; empty if that is no longer known
  double lag_s = std::nan("");
  double level_dbfs = std::nan("");
  std::uint64_t skipped_windows = 0;
};

/// Texts are printable().
struct DaemonWord {
  std::string address;
  bool connected = false;  ///< somebody listens there
  bool unasked = false;    ///< for want of the token: `trouble` says why
  bool greeted = false;    ///< it said hello, as earshotd does
  bool heartbeat = false;  ///< with levels and lags
  std::string trouble;     ///< why there is no hello
  std::uint64_t first_seq = 1;
  double uptime_s = 0.0;
  std::vector<HeardSource> sources;
  std::string heartbeat_line;  ///< as it came

  const HeardSource* source(std::string_view name) const noexcept;
  /// Takes one of the stream's lines; others change nothing.
  void take(std::string_view line);
};

struct DaemonDoor {
  SocketAddress address;
  bool tls = false;  ///< and a token
};

/// Where to look for the daemon that `stream` describes: a Unix socket, or this machine's own address of a
/// port, rather without TLS; nothing if its ports are the system's choice.
std::optional<DaemonDoor> door_to_ask(const StreamSettings& stream);

/// Connects and listens, by `tls` where the door has it: its certificate is the pin, its token is said. Takes
/// 11 s at most: heartbeats come every 5 s.
DaemonWord ask_daemon(const DaemonDoor& door, const std::optional<TlsSettings>& tls);

}  // namespace earshot
