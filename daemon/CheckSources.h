// check_sources: whether sources can be started and addresses be had, as far as that can be known before.
#pragma once

#include "daemon/settings/Config.h"

namespace earshot {

/// Files are opened, programs looked for, and addresses bound for a moment, but for sources that `running`
/// has as they are and addresses that collide with its own. Null: all sources, and no address. Throws Error
/// naming the source or address, what was found and what was expected.
void check_sources(const Config& config, const Config* running);

}  // namespace earshot
