// checked_hearing: what a configuration says to hear with, if all else that it needs is there, too.
#pragma once

#include <memory>

#include "daemon/MakeHearing.h"

namespace earshot {

/// What a start asks: loads the files of TLS into `config`, looks for those of the broker, and makes the
/// hearing. `present`: what runs; null for a start. Throws Error.
std::shared_ptr<const Hearing> needed_hearing(Config& config, const ConfiguredHearing* present);

/// What --check-config and a reload ask: besides, for what sources and actions need, which a start may find
/// later. Throws Error.
std::shared_ptr<const Hearing> checked_hearing(Config& config, const ConfiguredHearing* present);

}  // namespace earshot
