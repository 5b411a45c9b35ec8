// check_sources: whether sources can be started, as far as that can be known before.
#pragma once

#include "daemon/settings/Config.h"

namespace earshot {

/// Files are opened, programs looked for, and addresses bound for a moment unless `running`, a configuration
/// that is heard by, has them. Null: no address is tried. Throws Error naming the source, what was found and
/// what was expected.
void check_sources(const Config& config, const Config* running);

}  // namespace earshot
