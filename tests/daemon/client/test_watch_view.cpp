// What people see of the stream.
#include <stdlib.h>
#include <time.h>

#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/WatchView.h"

namespace earshot::test {
namespace {

boost::json::object message(const char* text) {
  return boost::json::parse(text).as_object();
}

WatchView view(bool terminal) {
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
  CHECK(view(false).line(message(kPrediction)) == "12:34:56.7  mic      dog         75.3 %   -23.5 dBFS");
  const std::string painted = view(true).line(message(kPrediction)).value();
  CHECK(painted.find("\x1B[1mdog") != std::string::npos);
  CHECK(painted.find("\u2588\u2591") != std::string::npos);
  CHECK(
      view(false).line(message(R"({"type":"prediction","source":"mic","time":"2025-03-01T12:34:56.789012Z",)"
                               R"("level_dbfs":-80.2,"gated":true})")) ==
      "12:34:56.7  mic      (quiet)              -80.2 dBFS");
}

TEST_CASE("of a model with several labels at once, all that are heard are named, the highest first") {
  const WatchView several(
      message(R"({"model":{"name":"yamnet","scores":"sigmoid"},"labels":["dog","music"]})"), false);
  CHECK(several.greeting().find("with 2 labels, several at once;") != std::string::npos);
  CHECK(
      several.line(message(
          R"({"type":"prediction","source":"mic","time":"2025-03-01T12:34:56.7Z","level_dbfs":-23.5,"gated":false,)"
          R"("label":"dog","confidence":0.9,"scores":{"rain":0.5,"dog":0.9,"cat":0.49,"music\u001b":0.75,"x":"y"}})")) ==
      "12:34:56.7  mic     dog       90.0 %   -23.5 dBFS, music? 75.0 %, rain 50.0 %");
  CHECK(several.line(message(kPrediction)));  // a client asked for no scores
}

TEST_CASE("losses and changes of a source are shown, heartbeats are not") {
  CHECK(view(false).line(message(
            R"({"type":"gap","source":"mic","start_sample":44100,"samples":22050,"reason":"device"})")) ==
        "            mic      -- 0.50 s lost: device at 1.00 s");
  CHECK(
      view(false).line(message(
          R"({"type":"gap","source":"mic","start_sample":44100,"samples":0,"reason":"overload","windows":3})")) ==
      "            mic      -- 3 windows skipped: overload at 1.00 s");
  CHECK(view(false).line(message(R"({"type":"source","source":"kitchen","state":"down","detail":"gone"})")) ==
        "            kitchen  -- down: gone");
  CHECK(view(false).line(message(R"({"type":"lost","from_seq":3,"to_seq":9,"messages":5})")) ==
        "-- missed 5 messages, seq 3 to 9");
  for (const char* unseen : {R"({"type":"heartbeat"})", R"({"type":"of tomorrow"})", R"({"type":5})", "{}"}) {
    CHECK_FALSE(view(false).line(message(unseen)));
  }
  CHECK(view(false).greeting() == "earshotd 1.2, model 'esc10' with 2 labels; sources: kitchen (tcp, up)");
}

TEST_CASE("a hostile stream cannot write to the terminal behind our back") {
  const std::string line =
      view(true)
          .line(message(
              R"({"type":"source","source":"\u001b]0;owned\u0007","state":"up\n","detail":"a\u009bb\u00e9"})"))
          .value();
  CHECK(line.find("?]0;owned?") != std::string::npos);
  CHECK(line.find("a?b\u00e9") != std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(view(true).line(message(R"({"type":"prediction","time":5,"source":[],"confidence":"x"})")));
  CHECK(WatchView(message(R"({"labels":7,"sources":[3],"model":[],"rate_hz":"x"})"), false)
            .greeting()
            .find("none") != std::string::npos);
}

}  // namespace earshot::test
