// Lines as clients read them: golden texts, digits that read back, text that is always UTF-8.
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/stream/JsonLine.h"
#include "dsp/base/JsonWriter.h"
#include "dsp/base/Utf8.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

const auto kLabels = labels_of({"dog", "rain", "clock_tick"});
constexpr UtcTime kTime{std::chrono::sys_days(std::chrono::year(2025) / 3 / 1) + 12h + 34min + 56s + 7us};

Prediction scored_prediction() {
  Prediction prediction;
  prediction.source = "mic";
  prediction.start_sample = 22050;
  prediction.end_sample = 242550;
  prediction.time = kTime;
  prediction.level_dbfs = -23.456;
  prediction.labels = kLabels;
  prediction.scores = {0.125F, 0.75F, 0.1F};
  prediction.heard = {1};
  return prediction;
}

std::string line(const Message& message, std::size_t most_scores = kAllScores) {
  return json_line(message, 7, most_scores);
}

/// The float between the colon after `key` and what follows.
float number_after(const std::string& text, const std::string& key) {
  const std::size_t at = text.find("\"" + key + "\":") + key.size() + 3;
  float value = 0;
  std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

}  // namespace

TEST_CASE("a prediction's line holds what the contract says, scores in the model's order") {
  CHECK(line(scored_prediction()) ==
        "{\"type\":\"prediction\",\"seq\":7,\"source\":\"mic\",\"start_sample\":22050,\"end_sample\":242550,"
        "\"time\":\"2025-03-01T12:34:56.000007Z\",\"level_dbfs\":-23.46,\"gated\":false,\"label\":\"rain\","
        "\"confidence\":0.75,\"heard\":[\"rain\"],\"scores\":{\"dog\":0.125,\"rain\":0.75,\"clock_tick\":0.1}}\n");
}

TEST_CASE("a prediction leads with the surest that is heard, else with the highest score") {
  Prediction prediction = scored_prediction();
  prediction.heard = {2, 0};
  CHECK(line(prediction, 0).ends_with(
      "\"label\":\"clock_tick\",\"confidence\":0.1,\"heard\":[\"clock_tick\",\"dog\"]}\n"));
  prediction.heard.clear();
  CHECK(line(prediction, 0).ends_with("\"label\":\"rain\",\"confidence\":0.75,\"heard\":[]}\n"));
}

TEST_CASE("of more than 32 labels the ten highest scores are what one gets unasked") {
  CHECK(usual_scores(32) == kAllScores);
  CHECK(usual_scores(33) == 10);
}

TEST_CASE("a gated prediction has neither label nor scores, a padded one says how much") {
  Prediction prediction = scored_prediction();
  prediction.gated = true;
  prediction.scores.clear();
  prediction.padded_samples = 11;
  CHECK(line(prediction) ==
        "{\"type\":\"prediction\",\"seq\":7,\"source\":\"mic\",\"start_sample\":22050,\"end_sample\":242550,"
        "\"time\":\"2025-03-01T12:34:56.000007Z\",\"level_dbfs\":-23.46,\"gated\":true,\"padded_samples\":11}"
        "\n");
}

TEST_CASE("fewer scores are the highest ones, still in the model's order") {
  const auto scores = [](std::size_t most) {
    const auto parsed = boost::json::parse(line(scored_prediction(), most)).as_object();
    return parsed.contains("scores") ? boost::json::serialize(parsed.at("scores")) : std::string("absent");
  };
  CHECK(scores(0) == "absent");
  CHECK(scores(1) == "{\"rain\":7.5E-1}");
  CHECK(scores(2) == "{\"dog\":1.25E-1,\"rain\":7.5E-1}");
  CHECK(scores(3) == scores(kAllScores));
  Prediction equals = scored_prediction();
  equals.scores = {0.5F, 0.5F, 0.0F};
  equals.heard.clear();
  CHECK(line(equals, 1).find("\"scores\":{\"dog\":0.5}") != std::string::npos);
  CHECK(line(equals, 1).find("\"label\":\"dog\"") != std::string::npos);
}

TEST_CASE("an event's lines say when, how sure and why") {
  Event event{.phase = Event::Phase::start,
              .id = "abc-12",
              .source = "mic",
              .label = "dog",
              .start_sample = 22050,
              .time = kTime,
              .peak_confidence = 0.75F,
              .peak_dbfs = {},
              .why = BegunByWindows{2, 3, 0.5F, {0.5F, std::numeric_limits<float>::quiet_NaN(), 0.75F}, ""}};
  const std::string start =
      "{\"type\":\"event\",\"seq\":7,\"source\":\"mic\",\"phase\":\"start\",\"event_id\":\"abc-12\",\"label\":\"dog\","
      "\"start_sample\":22050,\"time\":\"2025-03-01T12:34:56.000007Z\",\"peak_confidence\":0.75,";
  CHECK(line(event) == start + "\"why\":{\"rule\":\"windows\",\"needed\":2,\"of\":3,\"threshold\":0.5,\"scores\":[0.5,"
                               "null,0.75]}}\n");
  event.why = BegunBySurety{0.75F, 0.875F, "rain"};
  CHECK(line(event) ==
        start + "\"why\":{\"rule\":\"sure\",\"label\":\"rain\",\"threshold\":0.75,\"scores\":[0.875]}}\n");
  event.peak_dbfs = -12.345;
  event.why = BegunByLevel{-20.0, -12.345};
  CHECK(line(event) == start + "\"peak_dbfs\":-12.35,\"why\":{\"rule\":\"level\",\"above_dbfs\":-20,\"level_dbfs\":"
                               "-12.35}}\n");
  event.peak_dbfs.reset();
  event.phase = Event::Phase::end;
  event.end_sample = 66150;
  event.duration_s = 1.0;
  event.why = Ended{EndRule::became, "rain", 4, 0.625F};
  CHECK(line(event) ==
        "{\"type\":\"event\",\"seq\":7,\"source\":\"mic\",\"phase\":\"end\",\"event_id\":\"abc-12\",\"label\":\"dog\","
        "\"start_sample\":22050,\"end_sample\":66150,\"duration_s\":1.000,\"time\":\"2025-03-01T12:34:56.000007Z\","
        "\"peak_confidence\":0.75,\"why\":{\"rule\":\"became\",\"label\":\"rain\",\"windows\":4,"
        "\"mean_confidence\":0.625}}\n");
  event.why = Ended{EndRule::max_s, "", 4, 0.5F};
  CHECK(line(event).ends_with("\"why\":{\"rule\":\"max_s\",\"windows\":4,\"mean_confidence\":0.5}}\n"));
}

TEST_CASE("gaps and changes of a source have their lines") {
  CHECK(line(Gap{"mic", 100, 441, GapReason::device, 0}) ==
        "{\"type\":\"gap\",\"seq\":7,\"source\":\"mic\",\"start_sample\":100,\"samples\":441,\"reason\":"
        "\"device\"}\n");
  CHECK(line(Gap{"mic", 100, 0, GapReason::overload, 3, 8000}) ==
        "{\"type\":\"gap\",\"seq\":7,\"source\":\"mic\",\"start_sample\":100,\"samples\":0,\"reason\":"
        "\"overload\","
        "\"windows\":3,\"hop_samples\":8000}\n");
  CHECK(line(SourceChange{"mic", SourceState::up, "", {}}) ==
        "{\"type\":\"source\",\"seq\":7,\"source\":\"mic\",\"state\":\"up\",\"detail\":\"\"}\n");
  CHECK(line(SourceChange{"mic", SourceState::down, "unplugged", 9}) ==
        "{\"type\":\"source\",\"seq\":7,\"source\":\"mic\",\"state\":\"down\",\"detail\":\"unplugged\",\"end_"
        "sample\":9}\n");
}

TEST_CASE("a score's digits read back as the same float32") {
  std::mt19937 random(1);
  Prediction prediction = scored_prediction();
  for (int i = 0; i < 20000; ++i) {
    const auto mantissa = static_cast<float>(random() >> 8);
    prediction.scores[0] = std::ldexp(mantissa, -static_cast<int>(random() % 160U));
    const std::string text = line(prediction);
    const float read = number_after(text, "dog");
    REQUIRE(read == prediction.scores[0]);
    REQUIRE(static_cast<float>(boost::json::parse(text).at("scores").at("dog").to_number<double>()) == read);
  }
  prediction.scores = {std::numeric_limits<float>::denorm_min(), 1.0F, 0.0F};
  CHECK(number_after(line(prediction), "dog") == std::numeric_limits<float>::denorm_min());
}

TEST_CASE("a name that would break the line is escaped or repaired") {
  Prediction prediction = scored_prediction();
  prediction.source = "a\"b\\c\nd\te\x01\x7F\xC3\xA9";
  CHECK(line(prediction).find("\"source\":\"a\\\"b\\\\c\\nd\\u0009e\\u0001\\u007f\xC3\xA9\"") !=
        std::string::npos);
  CHECK(boost::json::parse(line(prediction)).at("source").as_string() == prediction.source);

  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    prediction.source.assign(12, ' ');
    for (char& c : prediction.source) c = static_cast<char>(random() & 0xFFU);
    const std::string text = line(prediction);
    REQUIRE(text.find('\n') == text.size() - 1);
    // Boost.JSON refuses text that is not UTF-8.
    REQUIRE(boost::json::parse(text).at("source").as_string() == repaired_utf8(prediction.source));
  }
}

TEST_CASE("a number that JSON cannot say is null") {
  JsonWriter json;
  json.begin_array()
      .value(std::nanf(""))
      .value(-std::numeric_limits<double>::infinity())
      .fixed(NAN, 2)
      .end_array();
  CHECK(json.take_line() == "[null,null,null]\n");
}

TEST_CASE("times are UTC with microseconds, also before 1970 and beyond 2038") {
  CHECK(rfc3339(UtcTime{}) == "1970-01-01T00:00:00.000000Z");
  CHECK(rfc3339(UtcTime{-1us}) == "1969-12-31T23:59:59.999999Z");
  CHECK(rfc3339(kTime + std::chrono::days(365 * 20)).starts_with("2045-02-24T12:34:56"));
}

}  // namespace earshot::test
