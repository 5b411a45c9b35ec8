#include "daemon/capture/SenderIntroduction.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <boost/json.hpp>

#include "dsp/audio/Resampler.h"
#include "dsp/base/JsonWriter.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostDepth = 8;
constexpr std::size_t kMostShownBytes = 60;
constexpr const char* kExample = "a first line like {\"source\":\"barn-7\"}";

std::string shown_json(const json::value& value) {
  const std::string text = printable(json::serialize(value));
  if (text.size() <= kMostShownBytes) return text;
  std::size_t end = kMostShownBytes;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // inside a character
  return text.substr(0, end) + "...";
}

std::string wrong_field(std::string_view field, const json::value& found, std::string_view expected) {
  return std::string(field) + ": found " + shown_json(found) + ", expected " + std::string(expected);
}

std::optional<json::object> object_of(std::string_view line) {
  json::parse_options options;
  options.max_depth = kMostDepth;
  json::error_code error;
  json::value document = json::parse(line, error, {}, options);
  if (error || !document.is_object()) return std::nullopt;
  return std::move(document.get_object());
}

// What is wrong with it, if it is there and something is.
std::string read_integer(const json::object& object, const char* field, int& value, int least, int most) {
  const json::value* found = object.if_contains(field);
  if (!found) return {};
  if (!found->is_int64() || found->get_int64() < least || found->get_int64() > most)
    return wrong_field(field, *found,
                       "an integer in " + std::to_string(least) + " .. " + std::to_string(most));
  value = static_cast<int>(found->get_int64());
  return {};
}

std::string read_format(const json::object& object, SampleFormat& format) {
  const json::value* found = object.if_contains("format");
  if (!found) return {};
  const auto known = found->is_string() ? sample_format(std::string_view(found->get_string())) : std::nullopt;
  if (!known) return wrong_field("format", *found, "\"s16le\", \"s24le\", \"s32le\" or \"f32le\"");
  format = *known;
  return {};
}

}  // namespace

bool is_sender_name(std::string_view name) noexcept {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= SenderIntroduction::kMostNameBytes &&
         std::all_of(name.begin(), name.end(), fits);
}

std::variant<SenderIntroduction, std::string> SenderIntroduction::parse(std::string_view line,
                                                                        const PcmSettings& usual) {
  const std::optional<json::object> object = object_of(line);
  if (!object) return std::string("found no JSON object, expected ") + kExample;
  const json::value* source = object->if_contains("source");
  if (!source) return std::string("source: found nothing, expected ") + kExample;
  if (!source->is_string() || !is_sender_name(std::string_view(source->get_string())))
    return wrong_field("source", *source, "a name of 1 to 32 letters, digits, '_' and '-'");
  SenderIntroduction introduction{std::string(source->get_string()), usual};
  PcmSettings& pcm = introduction.pcm;
  for (std::string problem :
       {read_format(*object, pcm.format),
        read_integer(*object, "rate_hz", pcm.rate_hz, Resampler::kMinRateHz, Resampler::kMaxRateHz),
        read_integer(*object, "channels", pcm.channels, 1, kMostChannels)}) {
    if (!problem.empty()) return problem;
  }
  return introduction;
}

std::string SenderIntroduction::line() const {
  JsonWriter json;
  json.begin_object().field("source", source).field("format", to_string(pcm.format));
  json.field("rate_hz", static_cast<unsigned>(pcm.rate_hz))
      .field("channels", static_cast<unsigned>(pcm.channels))
      .end_object();
  return json.take_line();
}

std::string refusal_line(std::string_view why) {
  JsonWriter json;
  json.begin_object().field("error", why).end_object();
  return json.take_line();
}

std::string refusal_of(std::string_view line) {
  const std::optional<json::object> object = object_of(line);
  const json::value* type = object ? object->if_contains("type") : nullptr;
  const bool is_of_stream = type && *type == "error";  // of one that asks for a token
  const json::value* error = object ? object->if_contains(is_of_stream ? "message" : "error") : nullptr;
  return error && error->is_string() ? std::string(error->get_string()) : std::string();
}

}  // namespace earshot
