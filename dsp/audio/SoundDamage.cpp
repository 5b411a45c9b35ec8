#include "dsp/audio/SoundDamage.h"

#include <array>
#include <cstdio>

namespace earshot {
namespace {

/// "0:00:12.30"
std::string clock_text(std::uint64_t samples, int rate_hz) {
  const double exact = static_cast<double>(samples) * 100.0 / rate_hz;
  const auto hundredths = static_cast<unsigned long long>(exact + 0.5);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%llu:%02llu:%02llu.%02llu", hundredths / 360'000,
                hundredths / 6'000 % 60, hundredths / 100 % 60, hundredths % 100);
  return text.data();
}

std::string seconds_text(std::uint64_t samples, int rate_hz) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", static_cast<double>(samples) / rate_hz);
  return text.data();
}

}  // namespace

std::string damage_text(std::uint64_t position, std::optional<std::uint64_t> samples, std::uint64_t bytes,
                        int rate_hz) {
  const std::string what = samples     ? seconds_text(*samples, rate_hz)
                           : bytes > 0 ? std::to_string(bytes) + " bytes"
                                       : "sound";
  return what + " after " + clock_text(position, rate_hz);
}

}  // namespace earshot
