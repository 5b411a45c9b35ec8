#include "daemon/stream/Subscription.h"

#include <array>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include <boost/json.hpp>

#include "dsp/base/StrictToml.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, unsigned>, 5> kTopics{{
    {"prediction", static_cast<unsigned>(Topic::prediction)},
    {"event", static_cast<unsigned>(Topic::event)},
    {"gap", static_cast<unsigned>(Topic::gap)},
    {"source", static_cast<unsigned>(Topic::source)},
    {"clock", static_cast<unsigned>(Topic::clock)},
}};
constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kShownBytes = 60;

/// A value as an error shows it: its JSON, cut short.
std::string shown(const json::value& value) {
  return value.is_double() ? toml_real(value.get_double()) : shortened(json::serialize(value));
}

RequestError wrong(std::string_view field, const json::value& found, std::string_view expected) {
  return {"bad_request",
          std::string(field) + ": found " + shown(found) + ", expected " + std::string(expected)};
}

std::optional<std::uint64_t> whole_number(const json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  return std::nullopt;
}

using Problem = std::optional<RequestError>;

Problem read_types(const json::value& value, SubscribeRequest& request) {
  constexpr std::string_view kExpected = "a list of \"prediction\", \"event\", \"gap\", \"source\", \"clock\"";
  if (!value.is_array()) return wrong("types", value, kExpected);
  request.topics = 0;
  for (const json::value& item : value.get_array()) {
    unsigned bit = 0;
    for (const auto& [name, topic] : kTopics) {
      if (item.is_string() && item.get_string() == name) bit = topic;
    }
    // Whatever the filter, heartbeats come: naming them changes nothing.
    const bool heartbeat = item.is_string() && item.get_string() == "heartbeat";
    if (bit == 0 && !heartbeat) return wrong("types", item, kExpected);
    request.topics |= bit;
  }
  return std::nullopt;
}

Problem read_sources(const json::value& value, SubscribeRequest& request) {
  if (!value.is_array()) return wrong("sources", value, "a list of sources' names");
  std::vector<std::string>& names = request.sources.emplace();
  for (const json::value& item : value.get_array()) {
    if (!item.is_string()) return wrong("sources", item, "a source's name");
    names.emplace_back(item.get_string());
  }
  return std::nullopt;
}

Problem read_scores(const json::value& value, SubscribeRequest& request) {
  if (value.is_string() && value.get_string() == "all") {
    request.most_scores = kAllScores;
  } else if (value.is_string() && value.get_string() == "none") {
    request.most_scores = 0;
  } else if (const auto number = whole_number(value)) {
    request.most_scores = static_cast<std::size_t>(*number);
  } else {
    return wrong("scores", value, "\"all\", \"none\" or a whole number");
  }
  return std::nullopt;
}

Problem read_from_seq(const json::value& value, SubscribeRequest& request) {
  request.from_seq = whole_number(value);
  if (!request.from_seq) return wrong("from_seq", value, "a whole number");
  return std::nullopt;
}

Problem read_instance(const json::value& value, SubscribeRequest& request) {
  if (!value.is_string()) return wrong("instance", value, "a string");
  request.instance.emplace(value.get_string());
  return std::nullopt;
}

}  // namespace

std::string shortened(std::string text) {
  if (text.size() > kShownBytes) text.replace(kShownBytes, std::string::npos, "...");
  return text;
}

std::variant<SubscribeRequest, RequestError> parse_request(std::string_view line) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const json::value document = json::parse(line, error, {}, options);
  if (error) return RequestError{"bad_json", "expected a JSON object on one line: " + error.message()};
  const json::object* object = document.if_object();
  if (!object)
    return RequestError{"bad_request", fmt::format("found {}, expected a JSON object", shown(document))};
  const json::value* type = object->if_contains("type");
  if (!type) return RequestError{"bad_request", "type: found nothing, expected \"subscribe\""};
  if (!type->is_string()) return wrong("type", *type, "\"subscribe\"");
  if (type->get_string() != "subscribe") {
    return RequestError{"unknown_type", fmt::format("type: found {}, expected \"subscribe\"", shown(*type))};
  }

  using Reader = Problem (*)(const json::value&, SubscribeRequest&);
  constexpr std::array<std::pair<std::string_view, Reader>, 5> kFields{{
      {"types", read_types},
      {"sources", read_sources},
      {"scores", read_scores},
      {"from_seq", read_from_seq},
      {"instance", read_instance},
  }};
  SubscribeRequest request;
  for (const auto& [name, read] : kFields) {
    const json::value* value = object->if_contains(name);
    if (!value) continue;
    if (Problem problem = read(*value, request)) return *std::move(problem);
  }
  return request;
}

std::vector<std::string_view> topic_names(unsigned topics) {
  std::vector<std::string_view> names;
  for (const auto& [name, bit] : kTopics) {
    if ((topics & bit) != 0) names.push_back(name);
  }
  return names;
}

}  // namespace earshot
