// docs/stream.md names every message that goes out, and every field of it.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/stream/Subscriber.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {
namespace {

/// The rows of the table of messages: type -> the row.
std::map<std::string, std::string> documented() {
  std::ifstream file(EARSHOT_SOURCE_DIR "/docs/stream.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    rows[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  return rows;
}

}  // namespace

TEST_CASE("docs/stream.md names every message and every field of it") {
  Counters counters;
  UtcClock utc;
  const StreamFacts facts{"esc10", "ab12", {"dog", "rain"}, false, 220500, 22016, 44100, {{"mic", "tcp"}}};
  StreamState state(facts, 10, counters, utc);
  Subscriber client(state, std::size_t{1} << 20);
  const auto publish = [&](const Message& message) {
    OutgoingMessage outgoing = state.add(message);
    client.deliver(outgoing);
  };
  Prediction prediction;
  prediction.source = "mic";
  prediction.labels = dog_and_rain();
  prediction.scores = {0.25F, 0.75F};
  prediction.padded_samples = 3;
  publish(prediction);
  Event event;
  event.source = "mic";
  event.phase = Event::Phase::end;
  event.peak_dbfs = -10.0;
  event.why = Ended{};
  publish(event);
  publish(Gap{"mic", 0, 0, GapReason::overload, 2, 8000});
  publish(SourceChange{"mic", SourceState::ended, "end of file", 5});
  publish(ClockStep{1.5});
  client.heartbeat(state.heartbeat(1));
  client.request(R"({"type":"subscribe"})");
  client.request("?");
  std::vector<SharedLine> lines{lost_line({1, 2, 2}), bye_line("SIGTERM")};
  while (SharedLine line = client.next()) lines.push_back(line);

  std::map<std::string, std::string> rows = documented();
  for (const SharedLine& line : lines) {
    const boost::json::object message = boost::json::parse(*line).as_object();
    const std::string type(message.at("type").as_string());
    INFO(*line);
    REQUIRE(rows.contains(type));
    CHECK((rows[type].find("| yes |") != std::string::npos) == message.contains("seq"));
    for (const auto& [key, value] : message) {
      if (key == "type" || key == "seq") continue;
      INFO(key);
      CHECK(rows[type].find('`' + std::string(key) + '`') != std::string::npos);
    }
    rows.erase(type);
  }
  CHECK(rows.empty());
}

}  // namespace earshot::test
