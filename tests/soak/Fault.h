// Fault: something that befalls the daemon, and how one knows that it is over it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "tests/soak/Household.h"
#include "tests/soak/Witness.h"

namespace earshot::soak {

struct Fault {
  std::string name;              ///< a row of the report; the same for all whom it befalls
  std::chrono::seconds longest;  ///< without the recovery
  /// Lets it happen, and waits until it is over or for too long. What went wrong else is among the findings.
  std::function<Outcome(KeyedRandom&)> happen;
};

/// What befalls one source, or all clients, or the daemon: one at a time, beside those of others.
struct Victim {
  std::string name;
  std::chrono::milliseconds rest;  ///< between two faults at least
  std::vector<Fault> faults;
};

/// `outages`: for how long servers and senders are away.
std::vector<Victim> microphone_faults(Household& household, const std::vector<std::chrono::seconds>& outages);
std::vector<Victim> sender_faults(Household& household, const std::vector<std::chrono::seconds>& outages);
std::vector<Victim> program_faults(Household& household);
Victim client_faults(Household& household, int number);
/// The clock and the configuration; `reload`: a changed one as well, which has to be followed.
std::vector<Victim> daemon_faults(Household& household, bool reload);
/// kill -9 and a new start.
Fault killing(Household& household);

/// `least` to `most` seconds.
inline std::chrono::milliseconds some_time(KeyedRandom& random, double least, double most) {
  return std::chrono::milliseconds(static_cast<int>(1e3 * random.uniform(least, most)));
}

}  // namespace earshot::soak
