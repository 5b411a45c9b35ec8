#include "daemon/doctor/ConfigCheck.h"

#include <unistd.h>

namespace earshot {

Findings check_config(const Patient& patient) {
  if (!patient.path) {
    return {found_wrong(patient.trouble,
                        "copy earshot.toml of the sources' folder config/, or of /usr/share/earshot, to "
                        "~/.config/earshot/earshot.toml and change it")};
  }
  const std::string path = patient.path->string();
  const std::string denied = refusal(patient.account, *patient.path, R_OK);
  if (!patient.config && denied.empty()) {
    return {found_wrong(patient.trouble,
                        "edit it there; earshotd --check-config --config " + path + " says when it is good")};
  }
  if (!denied.empty()) {
    const bool missing = !std::filesystem::exists(*patient.path);
    return {found_wrong(
        patient.config ? denied : patient.trouble,
        missing ? "name one that exists"
                : "sudo chgrp " + patient.account.name + ' ' + path + " && sudo chmod g+r " + path)};
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
