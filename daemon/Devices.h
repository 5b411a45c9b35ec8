// The devices that record, as people and programs want them listed.
#pragma once

#include <ostream>

namespace earshot {

/// A line for each device, or one JSON array of {name, host_api, channels, rate_hz, default}. Throws
/// Error(unavailable).
void print_devices(std::ostream& out, bool json);

}  // namespace earshot
