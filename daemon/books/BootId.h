// boot_id: whether a machine has been started anew.
#pragma once

#include <fstream>
#include <string>

namespace earshot {

/// Another one each time that the machine starts; empty where the kernel does not tell.
inline std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace earshot
