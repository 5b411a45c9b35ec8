#include "daemon/doctor/ConfigCheck.h"

#include <unistd.h>

#include <system_error>

namespace earshot {

Findings check_config(const Patient& patient) {
  if (!patient.path) {
    return {found_wrong(patient.trouble,
                        "copy config/earshot.toml of the sources to "
                        "~/.config/earshot/earshot.toml, and change it")};
  }
  const std::string path = patient.path->string();
  std::error_code none;
  if (!std::filesystem::exists(*patient.path, none) && !none)
    return {found_wrong(patient.trouble, "name one that exists")};
  if (!patient.config) {
    const bool unseen = !refusal(this_account(), *patient.path, R_OK).empty();
    return {found_wrong(patient.trouble, unseen ? "sudo earshot doctor, or let this user read it"
                                                : "edit it there; earshotd --check-config --config " + path +
                                                      " says when it is good")};
  }
  if (const std::string denied = refusal(patient.account, *patient.path, R_OK); !denied.empty()) {
    return {found_wrong(denied,
                        "sudo chgrp " + patient.account.name + ' ' + path + " && sudo chmod g+r " + path)};
  }
  Findings findings{found_ok(path + ", read by " + patient.account_text())};
  if (patient.unit.is_active() && !patient.is_service && patient.unit.config) {
    findings.push_back(
        found_doubtful("earshotd.service runs by another one: " + patient.unit.config->string(),
                       "earshot doctor --config " + patient.unit.config->string()));
  }
  return findings;
}

}  // namespace earshot
