// SoundDamage: sound of a file that could not be read, and how it is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace earshot {

struct SoundDamage {
  std::uint64_t position = 0;            ///< in samples at the file's rate, lost ones before it included
  std::optional<std::uint64_t> samples;  ///< how many are lost; nothing: the file does not tell
  std::string line;                      ///< all that in words, naming the file
};

/// "3.20 s after 0:00:12.30", or "512 bytes after ..." where the length is not known.
std::string damage_text(std::uint64_t position, std::optional<std::uint64_t> samples, std::uint64_t bytes,
                        int rate_hz);

}  // namespace earshot
