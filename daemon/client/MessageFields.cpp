#include "daemon/client/MessageFields.h"

#include <cmath>
#include <cstdlib>
#include <ctime>

#include <boost/json.hpp>

#include "dsp/base/Utf8.h"

namespace earshot {

namespace json = boost::json;

std::string text_of(const json::object& message, std::string_view key) {
  const json::value* value = message.if_contains(key);
  return value && value->is_string() ? printable(value->get_string()) : std::string();
}

double number_of(const json::object& message, std::string_view key) {
  const json::value* value = message.if_contains(key);
  return value && value->is_number() ? value->to_number<double>() : std::nan("");
}

bool is_true(const json::object& message, std::string_view key) {
  const json::value* value = message.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}

std::vector<const json::object*> objects_of(const json::object& message, std::string_view key) {
  std::vector<const json::object*> objects;
  const json::value* list = message.if_contains(key);
  if (!list || !list->is_array()) return objects;
  for (const json::value& item : list->get_array()) {
    if (item.is_object()) objects.push_back(&item.get_object());
  }
  return objects;
}

std::vector<HeardLabel> heard_of(const json::object& message) {
  std::vector<HeardLabel> labels;
  const json::value* heard = message.if_contains("heard");
  if (!heard || !heard->is_array()) return labels;
  const json::value* scores = message.if_contains("scores");
  for (const json::value& each : heard->get_array()) {
    if (!each.is_string()) continue;
    HeardLabel label{each.get_string(), std::nullopt};
    if (scores && scores->is_object()) {
      const double score = number_of(scores->get_object(), label.label);
      if (!std::isnan(score)) label.score = score;
    }
    labels.push_back(label);
  }
  return labels;
}

double utc_s_of(const json::object& message) {
  const std::string utc = text_of(message, "time");
  std::tm parts{};
  const char* rest = ::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return std::nan("");
  const double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0.0;
  return static_cast<double>(::timegm(&parts)) + fraction;
}

}  // namespace earshot
