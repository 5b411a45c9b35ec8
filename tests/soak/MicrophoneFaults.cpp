// What befalls microphones: their sound server is killed, and frozen.
#include <mutex>
#include <thread>

#include "tests/soak/Fault.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 30s;
constexpr double kMostFrozenS = 18.0;  // a driver that does not answer is given up after 15 s
constexpr auto kNoticed = 4s;          // of nothing delivered: it is down

Fault server_away(Household& household, Household::Microphone& microphone, std::chrono::seconds outage) {
  return {"sound server killed, back after " + std::to_string(outage.count()) + " s", outage,
          [&household, &microphone, outage](KeyedRandom&) {
            const auto began = BootClock::now();
            microphone.unplug();
            std::this_thread::sleep_for(outage);
            microphone.plug();
            return household.witness().await_recovery(microphone.source, began, BootClock::now(), true,
                                                      kLimit);
          }};
}

Fault server_frozen(Household& household, Household::Microphone& microphone) {
  return {"sound server frozen", std::chrono::seconds(static_cast<int>(kMostFrozenS)),
          [&household, &microphone](KeyedRandom& random) {
            const auto time = some_time(random, 0.5, kMostFrozenS);
            const auto began = BootClock::now();
            microphone.server->freeze();
            std::this_thread::sleep_for(time);
            microphone.server->thaw();
            return household.witness().await_recovery(microphone.source, began, BootClock::now(),
                                                      time > kNoticed, kLimit);
          }};
}

}  // namespace

std::vector<Victim> microphone_faults(Household& household,
                                      const std::vector<std::chrono::seconds>& outages) {
  std::vector<Victim> victims;
  for (Household::Microphone& microphone : household.microphones()) {
    Victim victim{microphone.source, 1s, {}};
    for (const auto outage : outages) victim.faults.push_back(server_away(household, microphone, outage));
    victim.faults.push_back(server_frozen(household, microphone));
    victims.push_back(std::move(victim));
  }
  return victims;
}

}  // namespace earshot::soak
