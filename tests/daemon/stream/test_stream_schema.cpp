// docs/stream.schema.json against all that the daemon says, by a validator of another language.
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/stream/OneClient.h"
#include "tests/support/Python.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

/// A line of every kind that there is.
std::vector<SharedLine> all_lines() {
  OneClient stream;
  Prediction prediction = OneClient::prediction();
  prediction.end_sample = 220500;
  stream.publish(prediction);
  prediction.heard = {1};
  prediction.padded_samples = 3;
  stream.publish(prediction);
  stream.client.request(R"({"type":"subscribe","scores":"none"})");
  stream.publish(prediction);
  stream.client.request(
      R"({"type":"subscribe","scores":1,"types":["prediction","event","gap","source","clock"],"sources":["mic"]})");
  stream.publish(prediction);
  stream.client.request(R"({"type":"subscribe","scores":"all"})");
  prediction.gated = true;
  stream.publish(prediction);
  prediction.padded_samples = 0;
  stream.publish(prediction);

  Event event;
  event.id = "1-7";
  event.source = "mic";
  event.label = "dog";
  event.peak_confidence = 0.5F;
  for (const auto& why : std::vector<decltype(event.why)>{
           BegunByWindows{2, 3, 0.5F, {0.75F, std::numeric_limits<float>::quiet_NaN(), 0.5F}, ""},
           BegunByWindows{1, 1, 0.5F, {0.75F}, "Cat"}, BegunBySurety{0.75F, 0.875F, ""},
           BegunBySurety{0.75F, 0.875F, "Cat"}}) {
    event.why = why;
    stream.publish(event);
  }
  event.peak_dbfs = -10.25;
  event.why = BegunByLevel{-20.0, -12.5};
  stream.publish(event);
  event.phase = Event::Phase::end;
  for (const bool level : {false, true}) {
    if (!level) event.peak_dbfs.reset();
    for (const EndRule rule : {EndRule::quiet, EndRule::became, EndRule::max_s, EndRule::source}) {
      event.why = Ended{rule, rule == EndRule::became ? "Bark" : "", 4, 0.5F};
      stream.publish(event);
    }
    event.peak_dbfs = -3.0;
  }

  for (const GapReason reason : {GapReason::overflow, GapReason::device, GapReason::network})
    stream.publish(Gap{"mic", 10, 20, reason, 0, 0});
  stream.publish(Gap{"mic", 10, 0, GapReason::overload, 2, 22016});
  for (const SourceState each : {SourceState::starting, SourceState::up, SourceState::stalled})
    stream.publish(SourceChange{"mic", each, "why", {}});
  for (const SourceState each : {SourceState::down, SourceState::ended})
    stream.publish(SourceChange{"mic", each, "", 5});
  stream.publish(ClockStep{-1.5});
  stream.client.heartbeat(stream.state.heartbeat(1));
  stream.facts.several_labels = true;
  stream.state.change(stream.facts, 100);
  stream.client.greet_again(false);
  for (const char* request : {"?", "{}", R"({"type":"x"})", R"({"type":"subscribe","sources":["attic"]})",
                              R"({"type":"subscribe","instance":"x"})"})
    stream.client.request(request);
  stream.client.refuse({"line_too_long", "found more than 64 KiB"});
  return stream.lines();
}

}  // namespace

TEST_CASE("docs/stream.schema.json fits every line that is sent, and notices what is missing or misspelt") {
  const auto python = debian_python_with("jsonschema");
  if (!python) return;
  std::string lines;
  std::set<std::string> types;
  for (const SharedLine& line : all_lines()) {
    lines += *line;
    types.emplace(boost::json::parse(*line).at("type").as_string());
  }
  CHECK(types == std::set<std::string>{"hello", "prediction", "event", "gap", "source", "clock", "heartbeat",
                                       "subscribed", "lost", "error", "bye"});
  const TemporaryDirectory directory;
  const auto file = directory.write("lines", lines);
  const Finished checked =
      run_program({*python, EARSHOT_SOURCE_DIR "/tests/daemon/stream/check_stream_schema.py",
                   EARSHOT_SOURCE_DIR "/docs/stream.schema.json", file.string()});
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
}

}  // namespace earshot::test
