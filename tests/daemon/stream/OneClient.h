// OneClient: a stream without a server, and all that its one client is told.
#pragma once

#include <cstddef>
#include <vector>

#include "daemon/stream/Subscriber.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {

struct OneClient {
  void publish(const Message& message) {
    OutgoingMessage outgoing = state.add(message);
    client.deliver(outgoing);
  }
  /// What a server says by itself, then all that waits for the client.
  std::vector<SharedLine> lines() {
    std::vector<SharedLine> lines{lost_line({1, 2, 2}), bye_line("SIGTERM")};
    while (SharedLine line = client.next()) lines.push_back(line);
    return lines;
  }

  /// A prediction of "mic".
  static Prediction prediction() {
    Prediction prediction;
    prediction.source = "mic";
    prediction.labels = dog_and_rain();
    prediction.scores = {0.25F, 0.75F};
    return prediction;
  }

  StreamFacts facts{"esc10", "ab12", {"dog", "rain"}, false,
                    220500,  22016,  44100,           {{"mic", "microphone"}, {"file", "file"}}};
  Counters counters;
  UtcClock utc;
  StreamState state{facts, 100, counters, utc};
  Subscriber client{state, std::size_t{1} << 20};
};

}  // namespace earshot::test
