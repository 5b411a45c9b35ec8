// docs/stream.md names every message that goes out, and every field of it.
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/stream/OneClient.h"

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
  OneClient stream;
  Prediction prediction = OneClient::prediction();
  prediction.padded_samples = 3;
  stream.publish(prediction);
  Event event;
  event.source = "mic";
  event.phase = Event::Phase::end;
  event.peak_dbfs = -10.0;
  event.why = Ended{};
  stream.publish(event);
  stream.publish(Gap{"mic", 0, 0, GapReason::overload, 2, 8000});
  stream.publish(SourceChange{"mic", SourceState::ended, "end of file", 5});
  stream.publish(ClockStep{1.5});
  stream.client.heartbeat(stream.state.heartbeat(1));
  stream.client.request(R"({"type":"subscribe"})");
  stream.client.request("?");

  std::map<std::string, std::string> rows = documented();
  for (const SharedLine& line : stream.lines()) {
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
