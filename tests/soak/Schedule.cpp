#include "tests/soak/Schedule.h"

#include <exception>
#include <utility>

namespace earshot::soak {

using namespace std::chrono_literals;

void Schedule::add(Victim victim, Clock::time_point end) {
  {
    const std::lock_guard lock(mutex_);
    for (const Fault& fault : victim.faults) tallies_[fault.name];
  }
  const KeyedRandom random(derive_key(seed_, threads_.size()));
  threads_.emplace_back([this, victim = std::move(victim), end, random] { befall(victim, end, random); });
}

std::map<std::string, Tally> Schedule::tallies() const {
  const std::lock_guard lock(mutex_);
  return tallies_;
}

void Schedule::befall(const Victim& victim, Clock::time_point end, KeyedRandom random) {
  for (;;) {
    const auto rest = victim.rest + some_time(random, 0.0, 1.0);
    if (Clock::now() + rest >= end) return;
    std::this_thread::sleep_for(rest);
    const Fault* fault = choose(victim, end - Clock::now(), random);
    if (!fault) return;
    Outcome outcome;
    trace_.line(victim.name + ": " + fault->name);
    try {
      outcome = fault->happen(random);
    } catch (const std::exception& error) {
      findings_.add(victim.name + ", " + fault->name + ": " + error.what());
    }
    trace_.line(victim.name + ": " + fault->name + (outcome.recovered ? ": over" : ": NOT RECOVERED"));
    const std::lock_guard lock(mutex_);
    Tally& tally = tallies_[fault->name];
    if (outcome.recovered) ++tally.recovered;
    if (outcome.recovery_s) tally.recovery_s.push_back(*outcome.recovery_s);
  }
}

// Nothing if none can be over in time.
const Fault* Schedule::choose(const Victim& victim, std::chrono::nanoseconds left, KeyedRandom& random) {
  const std::lock_guard lock(mutex_);
  std::vector<const Fault*> least;
  for (const Fault& fault : victim.faults) {
    if (fault.longest > left) continue;
    const unsigned begun = tallies_[fault.name].begun;
    if (!least.empty() && begun > tallies_[least.front()->name].begun) continue;
    if (!least.empty() && begun < tallies_[least.front()->name].begun) least.clear();
    least.push_back(&fault);
  }
  if (least.empty()) return nullptr;
  const Fault* chosen = least[random.below(static_cast<std::uint32_t>(least.size()))];
  ++tallies_[chosen->name].begun;
  return chosen;
}

}  // namespace earshot::soak
