// What befalls those that are told of events: the broker stops, is killed, freezes and hangs; the server of
// an action is away, and does not answer.
#include <thread>

#include "tests/soak/Fault.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kLimit = 30s;
// A connection of so long was a good one: the next is tried for at once, not later and later.
constexpr auto kBrokerRest = 31s;
constexpr auto kHangs = 36s;  // keep-alive gives it up
constexpr auto kServerRest = 8s;
constexpr auto kServerLimit = 60s;  // what waits is tried again after 1, 2, 4, 8 and 16 s

double seconds_between(BootClock::time_point from, BootClock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// Its recovery is the time until the daemon says something again.
Fault broker_fault(Household& household, Broker& broker, std::string name, std::chrono::seconds longest,
                   std::function<void(KeyedRandom&)> befall) {
  return {name, longest,
          [&household, &broker, name, befall = std::move(befall)](KeyedRandom& random) -> Outcome {
            befall(random);
            const auto over = BootClock::now();
            if (const auto word = broker.subscriber().await_word(over, kLimit))
              return {true, seconds_between(over, *word)};
            household.findings().add(name + ": the daemon has not come back within 30 s");
            return {};
          }};
}

Victim broker_faults(Household& household, Broker& broker) {
  const auto stopped = [&broker](KeyedRandom& random) {
    broker.stop();
    std::this_thread::sleep_for(some_time(random, 0.0, 5.0));
    broker.start();
  };
  const auto killed = [&broker](KeyedRandom& random) {
    broker.kill();
    std::this_thread::sleep_for(some_time(random, 0.0, 2.0));
    broker.start();
  };
  const auto frozen = [&broker](KeyedRandom& random) {
    broker.freeze(true);
    std::this_thread::sleep_for(some_time(random, 0.5, static_cast<double>(Broker::kLongestFrozen.count())));
    broker.freeze(false);
  };
  const auto hangs = [&broker](KeyedRandom&) {
    broker.freeze(true);
    std::this_thread::sleep_for(kHangs);
    broker.kill();
    broker.start();
  };
  return {"broker",
          kBrokerRest,
          {broker_fault(household, broker, "broker stopped, back after 0 to 5 s", 6s, stopped),
           broker_fault(household, broker, "broker killed, back after 0 to 2 s", 3s, killed),
           broker_fault(household, broker, "broker frozen for 0.5 to 12 s", Broker::kLongestFrozen, frozen),
           broker_fault(household, broker, "broker hangs, killed after 36 s", kHangs + 1s, hangs)}};
}

/// Its recovery is the time until what has waited for the server is told, or the daemon was killed.
Fault server_fault(Household& household, std::string name, void (Hook::*befall)()) {
  return {name, 8s, [&household, name, befall](KeyedRandom& random) -> Outcome {
            Hook& hook = household.outlets().hook();
            (hook.*befall)();
            std::this_thread::sleep_for(some_time(random, 1.0, 8.0));
            hook.come_back();
            const auto over = BootClock::now();
            const auto excused = [&](auto told, auto ended) { return hook.excuses(told, ended); };
            while (!household.events().missing(hook.sources(), hook.taken(), excused, over).empty()) {
              if (BootClock::now() > over + kServerLimit) {
                household.findings().add(name + ": what has waited is not told within 60 s");
                return {};
              }
              std::this_thread::sleep_for(50ms);
            }
            hook.has_recovered();
            return {true, seconds_between(over, BootClock::now())};
          }};
}

}  // namespace

std::vector<Victim> outlet_faults(Household& household) {
  std::vector<Victim> victims{
      {"server",
       kServerRest,
       {server_fault(household, "server of an action away", &Hook::go_away),
        server_fault(household, "server of an action does not answer", &Hook::stall)}}};
  if (auto& broker = household.outlets().broker()) victims.push_back(broker_faults(household, *broker));
  return victims;
}

}  // namespace earshot::soak
