// Chirps: tones that glide, once or over and over, and sirens that do.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> chirp_kinds();

}  // namespace earshot
