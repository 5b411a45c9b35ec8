// Noise: steady noise of a colour.
#pragma once

#include "train/outliers/Samples.h"

namespace earshot {

/// Its power per hertz is even, or goes with 1/f, 1/f^2, f.
enum class NoiseColour { white, pink, brown, blue };

/// Of no certain level.
Samples noise(NoiseColour colour, KeyedRandom& random);

}  // namespace earshot
