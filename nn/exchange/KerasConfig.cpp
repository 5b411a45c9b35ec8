#include "nn/exchange/KerasConfig.h"

#include <cmath>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxShown = 80;

// A value as a user would find it in the file, cut short.
std::string shown(const json::value* value) {
  if (!value) return "missing";
  std::string text = json::serialize(*value);
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "...";
  return text;
}

// NaN is no whole number.
bool is_int(double value) {
  return value >= -2147483648.0 && value <= 2147483647.0 && value == std::floor(value);
}

}  // namespace

std::string keras_text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

KerasConfig::KerasConfig(std::string class_name, std::string name, const json::object& fields)
    : class_name_(std::move(class_name)), name_(std::move(name)), fields_(&fields) {}

const json::value* KerasConfig::find(std::string_view key) const {
  const json::value* value = fields_->if_contains(json::string_view(key.data(), key.size()));
  return value && !value->is_null() ? value : nullptr;
}

bool KerasConfig::boolean(std::string_view key, bool fallback) const {
  const json::value* value = find(key);
  if (!value) return fallback;
  if (!value->is_bool()) refuse(key, "true or false");
  return value->get_bool();
}

double KerasConfig::number(std::string_view key, double fallback) const {
  const json::value* value = find(key);
  if (!value) return fallback;
  if (!value->is_number()) refuse(key, "a number");
  return value->to_number<double>();
}

int KerasConfig::integer(std::string_view key) const {
  const double value = number(key, std::nan(""));
  if (!is_int(value)) refuse(key, "a whole number");
  return static_cast<int>(value);
}

std::string KerasConfig::text(std::string_view key, std::string_view fallback) const {
  const json::value* value = find(key);
  if (!value) return std::string(fallback);
  if (!value->is_string()) refuse(key, "a string");
  return std::string(value->get_string());
}

int KerasConfig::square(std::string_view key, int fallback) const {
  const json::value* value = find(key);
  if (!value && fallback >= 0) return fallback;
  if (value && value->is_array()) {
    const json::array& sides = value->get_array();
    const bool same = sides.size() == 1 || (sides.size() == 2 && sides[0] == sides[1]);
    value = same ? &sides[0] : nullptr;
  }
  if (!value || !value->is_number() || !is_int(value->to_number<double>())) {
    refuse(key, "one whole number for both directions");
  }
  return static_cast<int>(value->to_number<double>());
}

std::vector<float> KerasConfig::numbers(std::string_view key) const {
  const json::value* value = find(key);
  std::vector<float> result;
  const auto take = [&](const json::value& one) {
    if (!one.is_number()) refuse(key, "a number or a list of numbers");
    result.push_back(one.to_number<float>());
  };
  if (value && value->is_array()) {
    for (const json::value& one : value->get_array()) take(one);
  } else {
    take(value ? *value : json::value());
  }
  return result;
}

void KerasConfig::expect_text(std::string_view key, std::string_view fallback,
                              std::string_view expected) const {
  if (text(key, fallback) != expected) refuse(key, expected);
}

void KerasConfig::expect_number(std::string_view key, double fallback, double expected) const {
  if (number(key, fallback) != expected) refuse(key, json::serialize(json::value(expected)));
}

void KerasConfig::expect_last_axis(int rank) const {
  const json::value* axis = find("axis");
  if (!axis) return;
  if (axis->is_array() && axis->get_array().size() == 1) axis = &axis->get_array()[0];
  if (!axis->is_number()) refuse("axis", "the last one alone");
  const double found = axis->to_number<double>();
  if (found != -1.0 && found != rank - 1) refuse("axis", "the last one, -1 (channels last)");
}

void KerasConfig::refuse(std::string_view key, std::string_view expected) const {
  const json::value* value = fields_->if_contains(json::string_view(key.data(), key.size()));
  refuse("its '" + std::string(key) + "' is " + shown(value) + ", expected " + std::string(expected));
}

void KerasConfig::refuse(const std::string& why) const {
  throw Error(ExitCode::bad_data, "layer '" + name_ + "' (" + class_name_ + "): " + why);
}

}  // namespace earshot
