// ServiceUnit: what systemd says of earshotd.service.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/net/Address.h"

namespace earshot {

struct ServiceUnit {
  enum class Presence { no_systemd, no_answer, not_installed, installed };

  Presence presence = Presence::no_systemd;
  bool of_user = false;  ///< `systemctl --user`
  std::string active;    ///< "active", "failed", ...
  std::string enabled;   ///< "enabled", "disabled", ...
  std::string result;    ///< of its last end: "success", "exit-code", "oom-kill", ...
  int exit_status = 0;
  int restarts = 0;
  std::string user;
  std::optional<std::filesystem::path> config;  ///< --config of its command line
  std::string protect_home;                     ///< "no", "yes", "read-only", "tmpfs"
  bool private_tmp = false;
  std::vector<IpNetwork> deny;
  std::vector<IpNetwork> allow;

  bool is_installed() const noexcept { return presence == Presence::installed; }
  bool is_active() const noexcept { return is_installed() && active == "active"; }
  /// "systemctl" or "systemctl --user", behind "sudo" where that is needed.
  std::string systemctl() const { return of_user ? "systemctl --user" : "sudo systemctl"; }
  std::string journalctl() const { return of_user ? "journalctl --user" : "journalctl"; }
};

/// Of what `systemctl show` printed.
ServiceUnit parse_unit(std::string_view properties);

/// The system's, else the user's. Takes 5 s at most.
ServiceUnit ask_systemd();

/// The last lines that the service wrote into the journal, oldest first; none if this user may not read it. 3
/// s at most.
std::vector<std::string> last_log_lines(const ServiceUnit& unit, int lines);

}  // namespace earshot
