// Requests: what is understood, and what a wrong one is told.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/Subscription.h"

namespace earshot::test {
namespace {

SubscribeRequest understood(const std::string& line) {
  INFO(line);
  auto parsed = parse_request(line);
  if (const auto* error = std::get_if<RequestError>(&parsed)) FAIL(error->code << ": " << error->message);
  return std::get<SubscribeRequest>(parsed);
}

}  // namespace

TEST_CASE("every field of subscribe is optional, unknown ones are ignored") {
  const SubscribeRequest plain = understood(R"({"type":"subscribe"})");
  CHECK(plain.topics == kEveryTopic);
  CHECK_FALSE(plain.sources);
  CHECK_FALSE(plain.most_scores);
  CHECK_FALSE(plain.from_seq);
  CHECK_FALSE(plain.instance);

  const SubscribeRequest full = understood(
      R"( {"future":{"a":[1]},"type":"subscribe","types":["gap","prediction","heartbeat"],"sources":["mic","porch"],)"
      R"("scores":5,"from_seq":123,"instance":"abc"})"
      "\r");
  CHECK(topic_names(full.topics) == std::vector<std::string_view>{"prediction", "gap"});
  CHECK(full.sources == std::vector<std::string>{"mic", "porch"});
  CHECK(full.most_scores == 5);
  CHECK(full.from_seq == 123U);
  CHECK(full.instance == "abc");

  CHECK(understood(R"({"type":"subscribe","scores":"none"})").most_scores == 0);
  CHECK(understood(R"({"type":"subscribe","scores":"all"})").most_scores == kAllScores);
  CHECK(understood(R"({"type":"subscribe","types":[]})").topics == 0);
  CHECK(understood(R"({"type":"subscribe","from_seq":18446744073709551615})").from_seq == UINT64_MAX);
}

TEST_CASE("a wrong request gets a code and a line that says what was found and expected") {
  struct Row {
    std::string line;
    std::string code;
    std::string part;
  };
  const std::string deep = std::string(30000, '[');
  const std::vector<Row> rows{
      {"subscribe", "bad_json", "JSON object"},
      {"{\"type\":\"subscribe\"} extra", "bad_json", "JSON object"},
      {"{\"type\":\"subscribe\"", "bad_json", "JSON object"},
      {"{\"type\":\"\xFF\"}", "bad_json", "JSON object"},
      {deep, "bad_json", "JSON object"},
      {R"({"type":"subscribe","x":)" + deep, "bad_json", "JSON object"},
      {"[]", "bad_request", "found []"},
      {"7", "bad_request", "found 7"},
      {"{}", "bad_request", "type: found nothing"},
      {R"({"type":3})", "bad_request", "type: found 3"},
      {R"({"type":"unsubscribe"})", "unknown_type", "\"unsubscribe\""},
      {R"({"type":"subscribe","types":"event"})", "bad_request", "types: found \"event\""},
      {R"({"type":"subscribe","types":["predictions"]})", "bad_request", "types: found \"predictions\""},
      {R"({"type":"subscribe","types":[null]})", "bad_request", "types: found null"},
      {R"({"type":"subscribe","sources":"mic"})", "bad_request", "sources: found \"mic\""},
      {R"({"type":"subscribe","sources":[1]})", "bad_request", "sources: found 1"},
      {R"({"type":"subscribe","scores":"some"})", "bad_request", "scores: found \"some\""},
      {R"({"type":"subscribe","scores":-1})", "bad_request", "scores: found -1"},
      {R"({"type":"subscribe","scores":1.5})", "bad_request", "scores: found 1.5"},
      {R"({"type":"subscribe","from_seq":1.0})", "bad_request", "from_seq: found 1.0, "},
      {R"({"type":"subscribe","from_seq":"1"})", "bad_request", "from_seq: found \"1\""},
      {R"({"type":"subscribe","from_seq":-1})", "bad_request", "from_seq: found -1"},
      {R"({"type":"subscribe","from_seq":1e300})", "bad_request", "from_seq: found 1e+300"},
      {R"({"type":"subscribe","instance":5})", "bad_request", "instance: found 5"},
  };
  for (const Row& row : rows) {
    INFO(row.line.substr(0, 80));
    const auto parsed = parse_request(row.line);
    const auto* error = std::get_if<RequestError>(&parsed);
    REQUIRE(error);
    CHECK(error->code == row.code);
    INFO(error->message);
    CHECK(error->message.find(row.part) != std::string::npos);
    CHECK(error->message.size() < 200);
  }
}

}  // namespace earshot::test
