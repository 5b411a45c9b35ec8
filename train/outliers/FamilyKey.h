// family_key: where a family's chance begins.
#pragma once

#include <cstdint>
#include <string_view>

#include "dsp/base/KeyedRandom.h"

namespace earshot {

/// Of the name's letters one after the other, so that no family changes when another comes or goes.
constexpr std::uint64_t family_key(std::uint64_t seed, std::string_view family) noexcept {
  std::uint64_t key = mix_bits(seed);
  for (const char c : family) key = derive_key(key, static_cast<unsigned char>(c));
  return key;
}

}  // namespace earshot
