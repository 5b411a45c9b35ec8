// What befalls senders: their line is cut, holds back, is torn, falls silent, stays half open.
#include <thread>

#include "tests/soak/Fault.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
using Remote = Household::Remote;

constexpr auto kLimit = 30s;
constexpr auto kClosed = 60s;  // of a connection without a byte

Sender::Cut any_cut(KeyedRandom& random) {
  constexpr Sender::Cut kCuts[]{Sender::Cut::reset, Sender::Cut::leave, Sender::Cut::within_frame};
  return kCuts[random.below(3)];
}

Fault sender_away(Household& household, Remote& remote, std::chrono::seconds outage) {
  return {"sender cut, back after " + std::to_string(outage.count()) + " s", outage,
          [&household, &remote, outage](KeyedRandom& random) {
            const auto began = BootClock::now();
            remote.sender->cut(any_cut(random));
            std::this_thread::sleep_for(outage);
            const auto over = BootClock::now();
            remote.sender->come_back();
            return household.witness().await_recovery(remote.source, began, over, true, kLimit);
          }};
}

Fault held_back(Household& household, Remote& remote) {
  return {"line holds back, then bursts", 3s, [&household, &remote](KeyedRandom& random) {
            return hold_back(household, remote.source, *remote.sender, random);
          }};
}

Fault torn(Household& household, Remote& remote) {
  return {"line torn, cut inside a frame", 3s, [&household, &remote](KeyedRandom& random) {
            remote.sender->tear(true);
            std::this_thread::sleep_for(some_time(random, 1.0, 3.0));
            const auto began = BootClock::now();
            remote.sender->cut(Sender::Cut::within_frame);
            remote.sender->tear(false);
            const auto over = BootClock::now();
            remote.sender->come_back();
            return household.witness().await_recovery(remote.source, began, over, true, kLimit);
          }};
}

Fault silent(Household& household, Remote& remote) {
  return {"line silent for longer than idle_s", 7s, [&household, &remote](KeyedRandom& random) {
            const auto began = BootClock::now();
            remote.sender->fall_silent();
            std::this_thread::sleep_for(some_time(random, 4.0, 7.0));
            const auto over = BootClock::now();
            remote.sender->speak_again();
            return household.witness().await_recovery(remote.source, began, over, true, kLimit);
          }};
}

// Who takes over is let in at once; where that is not agreed, after the old connection is closed.
Fault half_open(Household& household, Remote& remote) {
  return {remote.takeover ? "line half open, taken over" : "line half open, closed after 60 s",
          remote.takeover ? 1s : kClosed, [&household, &remote](KeyedRandom&) {
            const auto began = BootClock::now();
            remote.sender->abandon();
            Outcome outcome = household.witness().await_recovery(remote.source, began, began, true,
                                                                 remote.takeover ? kLimit : kClosed + kLimit);
            remote.sender->bury();
            if (!remote.takeover) outcome.recovery_s.reset();  // it had to wait
            return outcome;
          }};
}

}  // namespace

std::vector<Victim> sender_faults(Household& household, const std::vector<std::chrono::seconds>& outages) {
  std::vector<Victim> victims;
  for (Remote& remote : household.remotes()) {
    Victim victim{remote.source, 500ms, {}};
    for (const auto outage : outages) victim.faults.push_back(sender_away(household, remote, outage));
    victim.faults.push_back(held_back(household, remote));
    victim.faults.push_back(torn(household, remote));
    victim.faults.push_back(silent(household, remote));
    victim.faults.push_back(half_open(household, remote));
    victims.push_back(std::move(victim));
  }
  return victims;
}

}  // namespace earshot::soak
