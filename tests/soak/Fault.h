// Fault: something that befalls the daemon, and how one knows that it is over it.
#pragma once

#include <chrono>
#include <functional>
#include <shared_mutex>
#include <string>
#include <thread>
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

/// `least` to `most` seconds.
inline std::chrono::milliseconds some_time(KeyedRandom& random, double least, double most) {
  return std::chrono::milliseconds(static_cast<int>(1e3 * random.uniform(least, most)));
}

/// Of a line that holds back what is said, and then lets all of it go; for as long as is left to chance. No
/// start of the daemon lies in it: the first that one hears of a source tells it what that source's time is.
inline Outcome hold_back(Household& household, const std::string& source, Sender& sender,
                         KeyedRandom& random) {
  const std::shared_lock no_start(household.starts());
  const auto began = BootClock::now();
  household.witness().await_recovery(source, began, began, false, std::chrono::seconds(30));
  sender.hold();
  std::this_thread::sleep_for(some_time(random, 0.2, 3.0));
  sender.release();
  return household.witness().await_recovery(source, began, BootClock::now(), false, std::chrono::seconds(30));
}

/// What a client does; where the daemon was killed meanwhile it is excused. What `act` throws is a finding.
Fault client_fault(Household& household, std::string name, std::chrono::seconds longest,
                   std::function<void(Household&, KeyedRandom&)> act);

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
/// None without addresses beyond loopback.
std::vector<Victim> tls_faults(Household& household);
/// Of those that are told of events.
std::vector<Victim> outlet_faults(Household& household);
/// The clock and the configuration.
std::vector<Victim> daemon_faults(Household& household);
/// kill -9 and a new start.
Fault killing(Household& household);

}  // namespace earshot::soak
