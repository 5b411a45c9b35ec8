// Noises: noise in colours, in bands, that pulses, that blows.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> noise_kinds();

}  // namespace earshot
