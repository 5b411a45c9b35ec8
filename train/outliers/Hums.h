// Hums: what mains, fans and engines hum.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> hum_kinds();

/// Of Europe's or America's mains: 50 or 60 Hz and what is above it.
Samples mains_hum(KeyedRandom& random);

}  // namespace earshot
