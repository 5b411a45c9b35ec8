#include "dsp/base/JsonText.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

// A name of a file may be any bytes; no parser reads them.
std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(repaired_utf8(text)));
}

void append(std::string& text, const boost::json::value& value, const std::string& indent) {
  const std::string inner = indent + "  ";
  if (const auto* object = value.if_object(); object && !object->empty()) {
    const char* separator = "{\n";
    for (const auto& [key, member] : *object) {
      text += separator + inner + quoted(key) + ": ";
      append(text, member, inner);
      separator = ",\n";
    }
    text += '\n' + indent + '}';
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    const bool one_line =
        std::ranges::all_of(*array, [](const auto& element) { return element.is_primitive(); });
    const std::string lead = one_line ? "" : '\n' + inner;
    const char* separator = "[";
    for (const auto& element : *array) {
      text += separator + lead;
      append(text, element, inner);
      separator = one_line ? ", " : ",";
    }
    text += one_line ? "]" : '\n' + indent + ']';
  } else if (const auto* number = value.if_double()) {
    text += std::isfinite(*number) ? fmt::format("{}", *number) : std::string("null");
  } else if (const auto* string = value.if_string()) {
    text += quoted(*string);
  } else {
    text += boost::json::serialize(value);
  }
}

}  // namespace

std::string json_text(const boost::json::value& document) {
  std::string text;
  append(text, document, "");
  return text + '\n';
}

}  // namespace earshot
