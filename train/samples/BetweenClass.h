// BetweenClass: two sounds of different classes heard at once, and how much of each class that is.
#pragma once

#include <span>
#include <vector>

#include "dsp/spectrum/AWeighting.h"

namespace earshot {

/// Tokozume, Ushiku, Harada 2018, "Learning from between-class examples for deep sound recognition",
/// eq. 3: (t a + (1 - t) b) / sqrt(t^2 + (1 - t)^2), t = 1 / (1 + 10^((A - B) / 20) (1 - r) / r), where A and
/// B are the sounds' loudest A-weighted levels in dB: `share` r (0 .. 1) is how much of the mixture is heard
/// as `a`. The longer sound's length; the shorter one begins at `offset` of it.
std::vector<float> mix_between_classes(std::span<const float> a, std::span<const float> b, double share,
                                       std::size_t offset, AWeighting& weighting);

}  // namespace earshot
