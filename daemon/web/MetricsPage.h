// MetricsPage: all that /metrics tells.
#pragma once

#include <string>

#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/web/HeardTally.h"

namespace earshot {

/// In Prometheus' text format. Any thread. docs/metrics.md has a line for each family.
std::string metrics_page(const HeardTally::Heard& heard, Counters& counters, UtcClock& utc);

}  // namespace earshot
