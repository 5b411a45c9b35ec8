// Outlets: whom the household's daemon tells besides plain clients of the stream: a broker, a program, a
// server, those who ask for its pages, and clients by TLS.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/daemon/FreePorts.h"
#include "tests/daemon/TlsClient.h"
#include "tests/soak/Broker.h"
#include "tests/soak/EventBook.h"
#include "tests/soak/Hook.h"

namespace earshot::soak {

class Outlets {
 public:
  /// `tls`: there are addresses beyond loopback.
  Outlets(test::FreePorts& ports, bool tls, Findings& findings, Trace& trace);

  /// Of the configuration, all but where the stream's plain clients come.
  std::string tables() const;
  /// The address for clients by TLS, as in a list behind another one; empty without.
  std::string more_listen() const;

  /// Nothing without Mosquitto.
  std::optional<Broker>& broker() noexcept { return broker_; }
  Hook& hook() noexcept { return hook_; }
  std::optional<Endpoint> tls() const;
  std::uint16_t web_port() const noexcept { return web_port_; }

  /// After the daemon's end: all were told what the stream was told.
  void hold(const EventBook& book, const std::filesystem::path& state);

  struct Totals {
    std::size_t commanded = 0;  ///< events that the program was run with
    std::size_t posted = 0;     ///< that the server took
    std::size_t posted_again = 0;
  };
  const Totals& totals() const noexcept { return totals_; }

 private:
  void hold_command(const EventBook& book);
  void hold_posts(const EventBook& book);

  Findings& findings_;
  test::TemporaryDirectory directory_;
  test::TlsFiles certificate_;
  std::optional<std::uint16_t> tls_port_;
  std::uint16_t web_port_;
  std::optional<Broker> broker_;
  Hook hook_;
  Totals totals_;
};

}  // namespace earshot::soak
