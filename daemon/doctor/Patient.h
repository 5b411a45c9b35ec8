// Patient: what is known before the checks begin: the configuration, who runs by it, what the daemon says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/doctor/Account.h"
#include "daemon/doctor/DaemonWord.h"
#include "daemon/doctor/Processes.h"
#include "daemon/doctor/ServiceUnit.h"
#include "daemon/settings/Config.h"

namespace earshot {

struct Patient {
  std::optional<std::filesystem::path> path;  ///< of the configuration; nothing: there is none
  std::optional<Config> config;               ///< nothing: it is not good
  std::string trouble;                        ///< why not
  ServiceUnit unit;
  bool is_service = false;       ///< it is the unit that runs by this configuration
  Account account;               ///< whom earshotd runs as: the unit's user, or whoever asks
  DaemonWord word;               ///< of the daemon that listens where the configuration says
  std::vector<Process> daemons;  ///< that run, by whatever configuration

  std::vector<const SourceSettings*> microphones() const;
  /// "user earshot, of earshotd.service".
  std::string account_text() const;
};

/// `asked` is the configuration, else the one that a daemon of this user would take. Takes 15 s at most,
/// without systemd and daemon none.
Patient examine(const std::optional<std::filesystem::path>& asked);

/// Where earshotd keeps its books when it runs by this configuration.
std::filesystem::path books_directory(const Patient& patient);

}  // namespace earshot
