#include "daemon/doctor/Patient.h"

#include <exception>
#include <system_error>

#include "daemon/books/StateDirectory.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServiceState = "/var/lib/earshot";  // systemd's StateDirectory=earshot

// A unit without --config takes the one that its user would.
bool runs_unit_by(const ServiceUnit& unit, const std::optional<fs::path>& path) {
  if (!unit.is_installed() || !path) return false;
  if (!unit.config) return unit.of_user;
  std::error_code none;
  return fs::equivalent(*unit.config, *path, none) || *unit.config == *path;
}

}  // namespace

std::vector<const SourceSettings*> Patient::microphones() const {
  std::vector<const SourceSettings*> found;
  if (!config) return found;
  for (const SourceSettings& each : config->sources) {
    if (std::holds_alternative<MicrophoneSettings>(each.kind)) found.push_back(&each);
  }
  return found;
}

std::string Patient::account_text() const {
  return "user " + account.name + (is_service ? ", of earshotd.service" : "");
}

Patient examine(const std::optional<fs::path>& asked) {
  Patient patient;
  patient.path = asked ? asked : find_config();
  try {
    patient.config = load_config(config_path(asked));
  } catch (const Error& error) {
    patient.trouble = error.what();
  }
  patient.unit = ask_systemd();
  patient.is_service = runs_unit_by(patient.unit, patient.path);
  patient.account = this_account();
  if (patient.is_service && !patient.unit.of_user) {
    const std::string user = patient.unit.user.empty() ? "root" : patient.unit.user;
    patient.account =
        account_of(user).value_or(Account{.name = user, .uid = static_cast<uid_t>(-1), .groups = {}});
  }
  patient.daemons = processes_called("earshotd");
  const auto door = patient.config ? door_to_ask(patient.config->publish_tcp) : std::nullopt;
  if (door) patient.word = ask_daemon(*door, patient.config->publish_tls);
  return patient;
}

fs::path books_directory(const Patient& patient) {
  return patient.is_service && !patient.unit.of_user ? fs::path(kServiceState) : state_directory();
}

}  // namespace earshot
