#include "train/outliers/Strike.h"

#include <numbers>

namespace earshot {
namespace {

// Adds value(i) under the envelope, i samples from the start, until nothing is left to hear.
template <class Value>
void while_it_sounds(Samples& to, const Strike& strike, Value&& value) {
  constexpr double kDecays = 9.0;  // -78 dB
  const std::size_t start = sample_at(strike.start_s);
  const std::size_t end = std::min(to.size(), start + sample_at(kDecays * strike.decay_s) + 1);
  const double keep = std::exp(-1.0 / (strike.decay_s * kOutlierHz));
  double envelope = strike.level;
  for (std::size_t i = start; i < end; ++i, envelope *= keep)
    to[i] += static_cast<float>(envelope * value(i - start));
}

}  // namespace

void add_ring(Samples& to, const Strike& strike, double hz) {
  const double step = 2.0 * std::numbers::pi * hz / kOutlierHz;
  while_it_sounds(to, strike, [step](std::size_t i) { return std::cos(step * static_cast<double>(i)); });
}

void add_burst(Samples& to, const Strike& strike, KeyedRandom& random) {
  while_it_sounds(to, strike, [&random](std::size_t) { return random.uniform(-1.0, 1.0); });
}

}  // namespace earshot
