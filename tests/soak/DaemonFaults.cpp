// What befalls the daemon itself: its clock is set, it is told to read its configuration anew, it is killed.
#include <cmath>
#include <fstream>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "tests/soak/Fault.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kClockLimit = 1s;
constexpr auto kLimit = 30s;
constexpr auto kNoted = 2s;  // what has changed is in the books

// There and back again: lives whose clocks differ would lie one over the other in the books.
Fault clock_set(Household& household) {
  return {"clock set, and set back", 8s, [&household](KeyedRandom& random) -> Outcome {
            const std::shared_lock no_start(household.starts());
            double step_s = random.below(4) == 0 ? 3'600.0 : random.uniform(0.2, 5.0);
            if (random.below(2) == 0) step_s = -step_s;
            const auto set = [&](double offset_s, double told_s) {
              return household.witness().await_clock(
                  told_s,
                  [&] { household.set_clock(std::chrono::nanoseconds(std::llround(offset_s * 1e9))); },
                  kClockLimit);
            };
            const Outcome there = set(step_s, step_s);
            std::this_thread::sleep_for(some_time(random, 2.0, 5.0));
            const Outcome back = set(0.0, -step_s);
            std::this_thread::sleep_for(kNoted);
            if (there.recovered && back.recovered)
              return {true, std::max(*there.recovery_s, *back.recovery_s)};
            household.findings().add("the clock was set by " + std::to_string(step_s) +
                                     " s and back: not told within 1 s");
            return {};
          }};
}

// It hears on: of the sources standard input has the shortest faults.
Outcome goes_on(Household& household, const std::string& instance) {
  const auto now = BootClock::now();
  Outcome outcome = household.witness().await_recovery("pipe", now, now, false, kLimit);
  outcome.recovery_s.reset();
  if (household.witness().instance() != instance) household.findings().add("SIGHUP: another instance");
  return outcome;
}

Fault hup(Household& household) {
  return {"SIGHUP, nothing changed", 1s, [&household](KeyedRandom&) {
            const std::shared_lock no_start(household.starts());
            const std::string instance = household.witness().instance();
            household.send_signal(SIGHUP);
            return goes_on(household, instance);
          }};
}

Fault hup_broken(Household& household) {
  return {"SIGHUP, broken configuration", 2s, [&household](KeyedRandom&) {
            const std::shared_lock no_start(household.starts());
            const std::string instance = household.witness().instance();
            std::ofstream(household.config()) << household.config_text() << "nonsense = [\n";
            household.send_signal(SIGHUP);
            std::this_thread::sleep_for(1s);
            const Outcome outcome = goes_on(household, instance);
            std::ofstream(household.config()) << household.config_text();
            return outcome;
          }};
}

// A source more, and another gate; then as before.
Fault hup_changed(Household& household) {
  return {"SIGHUP, changed configuration", 2s, [&household](KeyedRandom& random) {
            const std::shared_lock no_start(household.starts());
            const std::string instance = household.witness().instance();
            const std::string guest = "guest-" + std::to_string(random.bits());  // each is heard from 0 on
            std::string text = household.config_text();
            const std::string gate = "level_dbfs = -60.0";
            text.replace(text.find(gate), gate.size(), "level_dbfs = -65.0");
            text += "[[source]]\nname = \"" + guest +
                    "\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"guest.wav\"\n";
            std::ofstream(household.config()) << text;
            const auto began = BootClock::now();
            household.send_signal(SIGHUP);
            const Outcome came = household.witness().await_recovery(guest, began, began, false, kLimit);
            std::ofstream(household.config()) << household.config_text();
            household.send_signal(SIGHUP);
            const bool went = household.witness().await_state(guest, "ended", kLimit);
            if (!went)
              household.findings().add("SIGHUP: " + guest + " is no longer configured, and has not ended");
            Outcome outcome = goes_on(household, instance);
            outcome.recovered = outcome.recovered && came.recovered && went;
            return outcome;
          }};
}

// Whether the stream is told at that address.
bool says_hello(std::uint16_t port) {
  try {
    test::StreamClient client(port);
    return client.message().at("type").as_string() == "hello";
  } catch (const std::exception&) {  // nobody listens
    return false;
  }
}

void move_listeners(Household& household, std::uint16_t web, std::uint16_t stream, const std::string& text) {
  household.pages().move(web, [&] {
    std::ofstream(household.config()) << text;
    household.send_signal(SIGHUP);
    const auto limit = BootClock::now() + kLimit;
    while (!says_hello(stream) && BootClock::now() < limit) std::this_thread::sleep_for(50ms);
  });
}

std::string with_port(std::string text, std::uint16_t from, std::uint16_t to) {
  const auto address = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port) + '"'; };
  return text.replace(text.find(address(from)), address(from).size(), address(to));
}

// The pages and one of the stream's addresses go elsewhere and come back; who is connected notices nothing.
Fault hup_moved(Household& household) {
  return {"SIGHUP, listeners moved and moved back", 4s, [&household](KeyedRandom& random) {
            const std::shared_lock no_start(household.starts());
            const std::string instance = household.witness().instance();
            const auto& [stream, stream_elsewhere, web_elsewhere] = household.spare_ports();
            const std::uint16_t web = household.pages().port();
            const std::string& text = household.config_text();
            move_listeners(household, web_elsewhere, stream_elsewhere,
                           with_port(with_port(text, stream, stream_elsewhere), web, web_elsewhere));
            const bool moved = says_hello(stream_elsewhere) && !says_hello(stream);
            std::this_thread::sleep_for(some_time(random, 0.5, 3.0));
            move_listeners(household, web, stream, text);
            const bool moved_back = says_hello(stream) && !says_hello(stream_elsewhere);
            if (!moved || !moved_back)
              household.findings().add("SIGHUP: the listeners are not where the configuration has them");
            return goes_on(household, instance);
          }};
}

}  // namespace

std::vector<Victim> daemon_faults(Household& household) {
  Victim configuration{"configuration",
                       5s,
                       {hup(household), hup_broken(household), hup_changed(household), hup_moved(household)}};
  return {{"clock", 2s, {clock_set(household)}}, std::move(configuration)};
}

// Of its recovery the time is that from the start to what is heard again.
Fault killing(Household& household) {
  return {"kill -9, started again", 2s, [&household](KeyedRandom& random) {
            std::unique_lock alone(household.starts());
            const auto began = BootClock::now();
            household.kill();
            std::this_thread::sleep_for(some_time(random, 0.0, 2.0));
            const auto over = BootClock::now();
            household.start();
            alone.unlock();
            Outcome outcome = household.witness().await_recovery("loop", began, over, true, kLimit);
            outcome.recovery_s = std::chrono::duration<double>(BootClock::now() - over).count();
            return outcome;
          }};
}

}  // namespace earshot::soak
