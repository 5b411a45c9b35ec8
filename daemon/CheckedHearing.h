// checked_hearing: what a configuration says to hear with, if all else that it needs is there, too.
#pragma once

#include <memory>

#include "daemon/MakeHearing.h"

namespace earshot {

/// What --check-config and a reload ask: loads the files of TLS into `config`, looks for those of sources, of
/// the broker and of actions, and makes the hearing. `present`: what runs; null for a start. Throws Error.
std::shared_ptr<const Hearing> checked_hearing(Config& config, const ConfiguredHearing* present);

}  // namespace earshot
