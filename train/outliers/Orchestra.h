// Orchestra: what an orchestra's instruments play, made by chance: lines, chords, rolls.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> orchestra_kinds();

}  // namespace earshot
