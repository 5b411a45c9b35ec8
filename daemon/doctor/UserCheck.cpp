#include "daemon/doctor/UserCheck.h"

#include <unistd.h>

#include <cstdlib>
#include <system_error>
#include <utility>

#include "daemon/doctor/SoundCards.h"

namespace earshot {
namespace {

// Whether the kernel has devices that record, and why he may not open one; empty if he may.
std::pair<bool, std::string> try_devices(const Account& account) {
  bool any = false;
  std::error_code none;
  namespace fs = std::filesystem;
  for (fs::directory_iterator at("/dev/snd", none); !none && at != fs::directory_iterator();
       at.increment(none)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with("pcmC") || !name.ends_with('c')) continue;
    any = true;
    if (std::string why = refusal(account, at->path(), R_OK | W_OK); !why.empty()) return {any, why};
  }
  return {any, {}};
}

}  // namespace

Findings user_findings(const UserFacts& facts) {
  const std::string name = facts.account.name;
  if (facts.account.uid == static_cast<uid_t>(-1))
    return {
        found_wrong("there is no user " + name, "sudo systemd-sysusers && sudo systemctl restart earshotd")};
  if (facts.account.is_root()) return {found_ok(facts.text + ", who may open every device")};
  if (!facts.microphones) return {found_ok(facts.text + "; no microphone is configured")};
  if (facts.refusal.empty() && (facts.devices || facts.in_audio))
    return {found_ok(facts.text + ", who may open sound devices")};
  if (facts.in_list && !facts.in_audio)
    return {found_wrong(name + " is in the group audio only from the next login on", "log out and in again")};
  if (facts.own_server) {
    return {found_ok(facts.text +
                     ", who may not open sound devices itself: the microphone comes from the user's "
                     "sound server")};
  }
  const std::string restart = facts.service ? "sudo systemctl restart earshotd" : "log out and in again";
  if (facts.refusal.empty()) {
    return {found_doubtful(name + " is not in the group audio, and there is no device to try",
                           "sudo usermod -aG audio " + name + ", then " + restart)};
  }
  return {found_wrong(facts.refusal, "sudo usermod -aG audio " + name + ", then " + restart)};
}

Findings check_user(const Patient& patient) {
  const auto audio = group_called("audio");
  auto [devices, why_not] = try_devices(patient.account);
  const auto listed = account_of(patient.account.name);
  std::error_code none;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const bool has_server =
      std::getenv("PULSE_SERVER") ||
      (runtime && std::filesystem::exists(std::filesystem::path(runtime) / "pulse/native", none));
  return user_findings({.account = patient.account,
                        .text = patient.account_text(),
                        .microphones = !patient.microphones().empty(),
                        .service = patient.is_service && !patient.unit.of_user,
                        .devices = devices,
                        .in_audio = audio && patient.account.is_in(*audio),
                        .in_list = audio && listed && listed->is_in(*audio),
                        .own_server = has_server && patient.account.uid == ::geteuid(),
                        .refusal = why_not});
}

}  // namespace earshot
