// check_user: whether earshotd's user may open sound devices.
#pragma once

#include <string>

#include "daemon/doctor/Account.h"
#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

struct UserFacts {
  Account account;
  std::string text;          ///< as Patient::account_text()
  bool microphones = false;  ///< some are configured
  bool service = false;      ///< the system's
  bool devices = false;      ///< the kernel has some that record
  bool in_audio = false;     ///< as he is now
  bool in_list = false;      ///< as he will be at the next login
  bool own_server = false;   ///< a sound server of his own runs
  std::string refusal;       ///< of a device of the kernel's; empty if there is none
};

Findings user_findings(const UserFacts& facts);
Findings check_user(const Patient& patient);

}  // namespace earshot
