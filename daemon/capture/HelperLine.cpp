#include "daemon/capture/HelperLine.h"

#include <algorithm>
#include <charconv>

#include "dsp/audio/Resampler.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

std::string_view cut(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\t'), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

}  // namespace

std::string HelperLine::line() const {
  const std::string shown = printable(text);
  switch (kind) {
    case Kind::recording:
      return "recording\t" + std::to_string(rate_hz) + '\t' + shown + '\t' + printable(hardware) + '\n';
    case Kind::failed:
      return "failed\t" + shown + '\n';
    case Kind::says:
      break;
  }
  return "says\t" + shown + '\n';
}

std::optional<HelperLine> HelperLine::parse(std::string_view line) {
  const std::string_view name = cut(line);
  if (name == "says") return HelperLine{.kind = Kind::says, .rate_hz = 0, .text = std::string(line), .hardware = {}};
  if (name == "failed")
    return HelperLine{.kind = Kind::failed, .rate_hz = 0, .text = std::string(line), .hardware = {}};
  if (name != "recording") return std::nullopt;
  HelperLine recording{.kind = Kind::recording, .rate_hz = 0, .text = {}, .hardware = {}};
  const std::string_view rate = cut(line);
  const auto [end, error] = std::from_chars(rate.data(), rate.data() + rate.size(), recording.rate_hz);
  if (error != std::errc() || end != rate.data() + rate.size()) return std::nullopt;
  if (recording.rate_hz < Resampler::kMinRateHz || recording.rate_hz > Resampler::kMaxRateHz) return std::nullopt;
  recording.text = cut(line);
  recording.hardware = cut(line);
  return recording;
}

}  // namespace earshot
