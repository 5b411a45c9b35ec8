// StreamState: which sources hello and heartbeat list, those of senders that come and go among them.
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/stream/StreamState.h"

namespace earshot::test {
namespace {

const StreamFacts kOneMicrophone{"esc10", "ab12", {"dog", "rain"}, false,
                                 220500,  22016,  44100,           {{"mic", "microphone"}}};

// "name kind state", of a heartbeat without the kind.
std::vector<std::string> listed(const SharedLine& line) {
  std::vector<std::string> sources;
  const boost::json::value message = boost::json::parse(*line);
  for (const boost::json::value& each : message.at("sources").as_array()) {
    const boost::json::object& source = each.as_object();
    std::string text(source.at("name").as_string());
    if (source.contains("kind")) text += " " + std::string(source.at("kind").as_string());
    sources.push_back(text + " " + std::string(source.at("state").as_string()));
  }
  return sources;
}

}  // namespace

TEST_CASE("hello and heartbeat list senders that have named themselves, until they are forgotten") {
  Counters counters;
  UtcClock utc;
  StreamState state(kOneMicrophone, 10, counters, utc);
  using Names = std::vector<std::string>;
  CHECK(listed(state.hello()) == Names{"mic microphone starting"});
  state.add(SourceChange{"barn-7", SourceState::starting, "", {}});
  state.add(SourceChange{"barn-8", SourceState::up, "", {}});
  state.add(SourceChange{"barn-7", SourceState::down, "", 5});
  CHECK(listed(state.hello()) == Names{"mic microphone starting", "barn-7 tcp down", "barn-8 tcp up"});
  CHECK(listed(state.heartbeat(1)) == Names{"mic starting", "barn-7 down", "barn-8 up"});
  state.add(SourceChange{"barn-7", SourceState::ended, "", 5, true});
  CHECK(listed(state.hello()) == Names{"mic microphone starting", "barn-8 tcp up"});
  CHECK(listed(state.heartbeat(1)) == Names{"mic starting", "barn-8 up"});
  state.add(SourceChange{"mic", SourceState::ended, "", 5});
  state.add(SourceChange{"barn-7", SourceState::starting, "", {}});
  CHECK(listed(state.hello()) == Names{"mic microphone ended", "barn-7 tcp starting", "barn-8 tcp up"});
}

TEST_CASE("however many senders come and go, their names take bounded memory") {
  Counters counters;
  UtcClock utc;
  StreamState state(kOneMicrophone, 10, counters, utc);
  state.add(SourceChange{"stays", SourceState::up, "", {}});
  for (int i = 0; i < 2'000; ++i) {
    const std::string name = "sender-" + std::to_string(i);
    state.add(SourceChange{name, SourceState::starting, "", {}});
    state.add(SourceChange{name, SourceState::ended, "", 0, true});
  }
  CHECK(state.source_names().size() == 1'024);
  CHECK(listed(state.hello()) == std::vector<std::string>{"mic microphone starting", "stays tcp up"});
  state.add(SourceChange{"new", SourceState::up, "", {}});
  CHECK(listed(state.heartbeat(1)).size() == 3);
}

TEST_CASE("gauges that nobody holds are let go") {
  Counters counters;
  const auto held = counters.sources.of("held");
  const std::weak_ptr<SourceGauges> dropped = counters.sources.of("dropped");
  counters.sources.let_go();
  CHECK(counters.sources.of("held") == held);
  CHECK(dropped.expired());
}

}  // namespace earshot::test
