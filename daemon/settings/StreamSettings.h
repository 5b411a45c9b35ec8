// StreamSettings: what [publish.tcp] says, and what tests shorten.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "daemon/net/SocketAddress.h"
#include "daemon/net/TlsLimits.h"
#include "daemon/settings/Listeners.h"
#include "daemon/settings/TlsSettings.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"

namespace earshot {

struct StreamSettings {
  std::vector<SocketAddress> listen{Endpoint{"127.0.0.1", 7557}};
  std::vector<IpNetwork> allow;  ///< who may connect from other machines
  std::optional<TlsSettings> tls;  ///< of addresses beyond loopback
  std::size_t max_clients = 64;
  std::size_t client_buffer_kib = 256;  ///< unread lines kept for one client
  std::size_t history = 1000;  ///< predictions kept for those who come back; as many other messages, apart
  std::size_t connects_at_once =
      100;  ///< from one machine, before it may connect `connects_per_s` times a second
  double connects_per_s = 10.0;
  std::chrono::milliseconds heartbeat{5'000};
  std::chrono::milliseconds stall_limit{60'000};  ///< a client that took nothing for so long is dropped
  TlsLimits tls_limits = {};

  /// Whether clients that connect to `address` speak TLS and say the token.
  bool speaks_tls(const SocketAddress& address) const;
  /// Who may connect from other machines: with TLS everybody, where `allow` says nothing.
  std::vector<IpNetwork> admitted() const { return admitted_by(allow, tls.has_value()); }
};

/// `table` is [publish.tcp]. Throws Error(config).
StreamSettings read_stream_settings(StrictToml& table, const std::optional<TlsSettings>& tls,
                                    Listeners& listeners);
void write_stream_settings(TomlText& text, const StreamSettings& stream);

}  // namespace earshot
