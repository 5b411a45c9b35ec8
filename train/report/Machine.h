// Machine: what a run was made with, for its report.
#pragma once

#include <string>

namespace earshot {

/// As the system names it: "Intel(R) Xeon(R) ..."; "unknown" where it does not.
std::string processor_name();
/// "g++ 12.2.0" or what else compiled this program.
std::string compiler_name();

}  // namespace earshot
