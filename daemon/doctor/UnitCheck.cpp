#include "daemon/doctor/UnitCheck.h"

#include <spdlog/fmt/fmt.h>

#include "daemon/log/WithoutPasswords.h"

namespace earshot {
namespace {

constexpr int kShownLogLines = 3;
constexpr int kManyRestarts = 3;

std::string end_text(const ServiceUnit& unit) {
  switch (unit.exit_status) {
    case 64:
      return "64: its command line is wrong";
    case 65:
      return "65: a file, the model as a rule, is broken";
    case 66:
      return "66: a file is missing or may not be read";
    case 69:
      return "69: something that it needs is not there";
    case 70:
      return "70: a bug of earshotd's";
    case 74:
      return "74: reading or writing failed";
    case 78:
      return "78: its configuration is wrong";
    default:
      return std::to_string(unit.exit_status);
  }
}

Finding unit_finding(const ServiceUnit& unit, bool daemon_runs) {
  using Presence = ServiceUnit::Presence;
  switch (unit.presence) {
    case Presence::no_systemd:
      return found_ok(daemon_runs ? "no systemd here; an earshotd runs without"
                                  : "no systemd here, and no earshotd runs");
    case Presence::no_answer:
      return found_wrong("systemd does not answer within 2.5 s", "see dmesg, and whether a disk hangs");
    case Presence::not_installed:
      return found_ok(daemon_runs
                          ? "earshotd.service is not installed; an earshotd runs without"
                          : "earshotd.service is not installed, and no earshotd runs; docs/service.md");
    case Presence::installed:
      break;
  }
  const std::string name = unit.of_user ? "the user's earshotd.service" : "earshotd.service";
  const std::string text = fmt::format("{}: {}, {}", name, unit.active, unit.enabled);
  if (unit.active == "failed") {
    return found_wrong(fmt::format("{}, {} with exit code {}", text, unit.result, end_text(unit)),
                       "mend what it said (" + unit.journalctl() + " -u earshotd -e), then " +
                           unit.systemctl() + " restart earshotd");
  }
  if (unit.active == "activating" && unit.restarts > 0) {
    return found_wrong(fmt::format("{}, after {} restarts, the last end was {} with exit code {}", text,
                                   unit.restarts, unit.result, end_text(unit)),
                       "mend what it said: " + unit.journalctl() + " -u earshotd -e");
  }
  if (unit.active == "inactive" && daemon_runs) return found_ok(text + "; an earshotd runs without it");
  if (unit.active != "active" && unit.active != "reloading")
    return found_doubtful(text, unit.systemctl() + " enable --now earshotd");
  if (unit.enabled == "disabled")
    return found_doubtful(text,
                          unit.systemctl() + " enable earshotd, or it does not come back with the machine");
  if (unit.restarts >= kManyRestarts)
    return found_doubtful(fmt::format("{}, {} restarts", text, unit.restarts),
                          "see why: " + unit.journalctl() + " -u earshotd -p warning");
  return found_ok(text);
}

}  // namespace

Findings unit_findings(const ServiceUnit& unit, bool daemon_runs, const std::vector<std::string>& log) {
  Findings findings{unit_finding(unit, daemon_runs)};
  for (const std::string& line : log) findings.push_back(found_ok("its log: " + without_passwords(line)));
  return findings;
}

Findings check_unit(const Patient& patient) {
  return unit_findings(patient.unit, patient.word.greeted || !patient.daemons.empty(),
                       last_log_lines(patient.unit, kShownLogLines));
}

}  // namespace earshot
