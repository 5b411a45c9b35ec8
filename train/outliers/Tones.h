// Tones: steady tones, chords, beeps, and what synthesizers hold.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> tone_kinds();

}  // namespace earshot
