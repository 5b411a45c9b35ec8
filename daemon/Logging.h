// Logging: spdlog to standard error, with journald's priorities when that is what reads it.
#pragma once

#include <string>

namespace earshot {

/// Sets spdlog's default logger: each line on standard error, after "<N>" (sd-daemon(3)) under journald, else
/// after time and level. `level` as spdlog names it. Keeps a descriptor of its own, so that lines come
/// through while a vendor's noise on standard error is muted.
void start_logging(const std::string& level);

}  // namespace earshot
