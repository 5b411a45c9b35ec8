// What a daemon of two sources hears, for tests that make it up.
#pragma once

#include <string>
#include <utility>

#include "daemon/hearing/Message.h"
#include "daemon/stream/StreamFacts.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {

inline StreamFacts web_facts() {
  return {"esc10", "ab12", {"dog", "rain"}, false,
          220500,  22050,  44100,           {{"mic", "microphone"}, {"porch", "tcp"}}};
}

inline Prediction window_of(std::string source, bool gated = false) {
  Prediction prediction;
  prediction.source = std::move(source);
  prediction.gated = gated;
  if (gated) return prediction;
  prediction.labels = dog_and_rain();
  prediction.scores = {0.25F, 0.75F};
  prediction.heard = {1};
  return prediction;
}

/// That begins.
inline Event event_of(std::string source, std::string label) {
  Event event;
  event.id = "1-1";
  event.source = std::move(source);
  event.label = std::move(label);
  event.why = BegunBySurety{0.75F, 0.9F, ""};
  return event;
}

}  // namespace earshot::test
