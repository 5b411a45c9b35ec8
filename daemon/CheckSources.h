// check_sources: whether sources can be started, as far as that can be known before.
#pragma once

#include "daemon/settings/Config.h"

namespace earshot {

/// Files are opened, programs looked for, and addresses bound for a moment, but for sources that `running`
/// has as they are and addresses that it listens on. Null: all sources, and no address. Throws Error naming
/// the source, what was found and what was expected.
void check_sources(const Config& config, const Config* running);

}  // namespace earshot
