// What people see of the stream.
#include <stdlib.h>
#include <time.h>

#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/WatchView.h"
#include "dsp/base/DisplayWidth.h"
#include "tests/support/Pty.h"

namespace earshot::test {
namespace {

boost::json::object message(const char* text) {
  return boost::json::parse(text).as_object();
}

constexpr Terminal kPipe{};
constexpr Terminal kTerminal{-1, true, true, true};  // of 80 columns

WatchView view(const Terminal& terminal) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return {
      message(R"({"server":"earshotd","version":"1.2","rate_hz":44100,"model":{"name":"esc10"},)"
              R"("labels":["dog","sea_waves"],"sources":[{"name":"kitchen","kind":"tcp","state":"up"}]})"),
      terminal};
}

constexpr const char* kPrediction =
    R"({"type":"prediction","source":"mic","time":"2025-03-01T12:34:56.789012Z","level_dbfs":-23.46,"gated":false,)"
    R"("label":"dog","confidence":0.753})";

}  // namespace

TEST_CASE("a prediction is one line in columns, plain unless on a terminal") {
  CHECK(view(kPipe).line(message(kPrediction)) == "12:34:56.7  mic      dog          75.3 %   -23.5 dBFS");
  const std::string painted = view(kTerminal).line(message(kPrediction)).value();
  CHECK(painted.find("\x1B[1mdog") != std::string::npos);
  CHECK(painted.find("\u2588\u2591") != std::string::npos);
  CHECK(
      view(kPipe).line(message(R"({"type":"prediction","source":"mic","time":"2025-03-01T12:34:56.789012Z",)"
                               R"("level_dbfs":-80.2,"gated":true})")) ==
      "12:34:56.7  mic      (quiet)               -80.2 dBFS");
}

TEST_CASE("of a model with several labels at once, all that are heard are named, the highest first") {
  const WatchView several(
      message(R"({"model":{"name":"yamnet","scores":"sigmoid"},"labels":["dog","music"]})"), kPipe);
  CHECK(several.greeting().find("with 2 labels, several at once;") != std::string::npos);
  CHECK(
      several.line(message(
          R"({"type":"prediction","source":"mic","time":"2025-03-01T12:34:56.7Z","level_dbfs":-23.5,"gated":false,)"
          R"("label":"dog","confidence":0.9,"heard":["dog","music\u001b","rain"],"scores":{"dog":0.9,"music\u001b":0.75,"x":"y"}})")) ==
      "12:34:56.7  mic     dog       90.0 %   -23.5 dBFS, music\\x1b 75.0 %, rain");
  CHECK(several.line(message(kPrediction)));  // of a daemon that tells no heard
}

TEST_CASE("a label that is only the best guess has a question mark") {
  boost::json::object guess = message(kPrediction);
  guess["heard"] = boost::json::array();
  CHECK(view(kPipe).line(guess) == "12:34:56.7  mic      dog?         75.3 %   -23.5 dBFS");
}

TEST_CASE("bars need a terminal, colours and block characters one that has them") {
  const std::string plain = view({-1, true, false, true}).line(message(kPrediction)).value();
  CHECK(plain.find('\x1B') == std::string::npos);
  CHECK(plain.find("\u2588\u2591") != std::string::npos);
  const std::string ascii = view({-1, true, false, false}).line(message(kPrediction)).value();
  CHECK(ascii == "12:34:56.7  mic      dog         ###############-----  75.3 %   -23.5 dBFS");
}

TEST_CASE("a line is never wider than the terminal is now, wide characters counted") {
  const Pty pty(100);
  const Terminal terminal{pty.slave(), true, true, true};
  const WatchView wide(
      message(R"({"rate_hz":44100,"model":{"name":"m","scores":"sigmoid"},)"
              R"("labels":["\u72ac\u306e\u5420\u3048\u58f0\u72ac\u306e\u5420\u3048\u58f0"],)"
              R"("sources":[{"name":"the microphone at the far end of the garden, by the second gate"}]})"),
      terminal);
  const auto messages = {
      R"({"type":"prediction","source":"the microphone at the far end of the garden, by the second gate",)"
      R"("time":"2025-03-01T12:34:56.7Z","level_dbfs":-23.5,"gated":false,"confidence":0.9,)"
      R"("label":"\u72ac\u306e\u5420\u3048\u58f0\u72ac\u306e\u5420\u3048\u58f0",)"
      R"("scores":{"a":0.9,"b":0.8,"c":0.7,"d":0.6}})",
      R"({"type":"source","source":"mic","state":"down","detail":"a reason so long that it takes more than a )"
      R"(line of any terminal that has no more than a hundred columns to give, as most have"})"};
  for (const int columns : {200, 100, 80, 60, 40, 20, 3}) {
    pty.resize(columns);
    for (const char* each : messages) {
      const std::string line = wide.line(message(each)).value();
      INFO(columns << ": " << line);
      CHECK(display_width(line) < static_cast<std::size_t>(columns));
      CHECK((line.find("\u2026") != std::string::npos || columns == 200));
      const std::size_t last_colour = line.rfind("\x1B[");
      CHECK((last_colour == std::string::npos || line.substr(last_colour, 4) == "\x1B[0m"));
    }
  }
  // Names are shortened before what stands behind them is.
  pty.resize(60);
  const std::string line = wide.line(message(*messages.begin())).value();
  CHECK(line.find(" 90.0 %") != std::string::npos);
  CHECK(line.find("dBFS") != std::string::npos);
}

TEST_CASE("losses and changes of a source are shown, heartbeats are not") {
  CHECK(view(kPipe).line(message(
            R"({"type":"gap","source":"mic","start_sample":44100,"samples":22050,"reason":"device"})")) ==
        "            mic      -- 0.50 s lost: device at 1.00 s");
  CHECK(
      view(kPipe).line(message(
          R"({"type":"gap","source":"mic","start_sample":44100,"samples":0,"reason":"overload","windows":3})")) ==
      "            mic      -- 3 windows skipped: overload at 1.00 s");
  CHECK(view(kPipe).line(message(R"({"type":"source","source":"kitchen","state":"down","detail":"gone"})")) ==
        "            kitchen  -- down: gone");
  CHECK(view(kPipe).line(message(R"({"type":"lost","from_seq":3,"to_seq":9,"messages":5})")) ==
        "-- missed 5 messages, seq 3 to 9");
  for (const char* unseen : {R"({"type":"heartbeat"})", R"({"type":"of tomorrow"})", R"({"type":5})", "{}"}) {
    CHECK_FALSE(view(kPipe).line(message(unseen)));
  }
  CHECK(view(kPipe).greeting() == "earshotd 1.2, model 'esc10' with 2 labels; sources: kitchen (tcp, up)");
}

TEST_CASE("a hostile stream cannot write to the terminal behind our back") {
  const std::string line =
      view(kTerminal)
          .line(message(
              R"({"type":"source","source":"\u001b]0;owned\u0007","state":"up\n","detail":"a\u009bb\u00e9"})"))
          .value();
  CHECK(line.find("\\x1b]0") != std::string::npos);
  CHECK(line.find("\x1B]") == std::string::npos);
  CHECK(line.find("a\\u009bb\u00e9") != std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(view(kTerminal).line(message(R"({"type":"prediction","time":5,"source":[],"confidence":"x"})")));
  CHECK(WatchView(message(R"({"labels":7,"sources":[3],"model":[],"rate_hz":"x"})"), kPipe)
            .greeting()
            .find("none") != std::string::npos);
}

}  // namespace earshot::test
