// Telling: an ActionsOutlet with the [[action]] tables of a test, and events to tell it.
#pragma once

#include <chrono>
#include <string>

#include "daemon/actions/ActionsOutlet.h"
#include "daemon/settings/Config.h"
#include "daemon/stream/StreamFacts.h"
#include "tests/daemon/LogLines.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

inline Config config_with_actions(const std::string& actions) {
  return parse_config(
      "[[source]]\nname = \"porch\"\nkind = \"microphone\"\n[[source]]\nname = \"garden\"\nkind = "
      "\"microphone\"\n"
      "[events]\n" +
          actions,
      "test.toml");
}

inline Event event_of(const std::string& label, Event::Phase phase = Event::Phase::start,
                      const std::string& source = "porch") {
  Event event;
  event.phase = phase;
  event.id = "0123-7";
  event.source = source;
  event.label = label;
  event.start_sample = 16'000;
  event.time = UtcTime(std::chrono::seconds(1'700'000'000));
  event.peak_confidence = 0.75F;
  event.why = BegunBySurety{.threshold = 0.5F, .score = 0.75F, .member = ""};
  if (phase == Event::Phase::end) {
    event.end_sample = 48'000;
    event.duration_s = 2.0;
    event.time += std::chrono::seconds(2);
    event.why = Ended{};
  }
  return event;
}

class Telling {
 public:
  explicit Telling(const std::string& actions) : outlet(nullptr, EARSHOT_EARSHOTD) { change(actions); }

  void change(const std::string& actions) { outlet.change(config_with_actions(actions), {}); }
  void hear(const std::string& label) { outlet.hear(event_of(label)); }
  /// How many times.
  void hear(int times, const std::string& label) {
    for (int i = 0; i < times; ++i) hear(label);
  }

  const TemporaryDirectory directory;
  LogLines log;
  ActionsOutlet outlet;
};

/// An [[action]] with a shell's script as its command, in a literal string.
inline std::string shell_action(const std::string& script, const std::string& more = "") {
  return "[[action]]\ncommand = [\"sh\", \"-c\", '''" + script + "''']\n" + more + "\n";
}

}  // namespace earshot::test
