#include "train/outliers/Clicks.h"

#include <array>
#include <cmath>

#include "train/outliers/Noise.h"
#include "train/outliers/Strike.h"

namespace earshot {
namespace {

// Between events of a Poisson process.
double waiting_s(KeyedRandom& random, double mean_s) {
  return -mean_s * std::log1p(-random.uniform());
}

// What a microphone hears where nothing is to be heard.
void add_floor(Samples& samples, KeyedRandom& random) {
  add_below(samples, noise(NoiseColour::pink, random), {35.0, 65.0}, random);
}

MadeSound single(KeyedRandom& random) {
  MadeSound made{{"Clicking"}, silence()};
  const Click click = Click::drawn(random);
  const auto count = 1 + random.below(3);
  for (std::uint32_t n = 0; n < count; ++n)
    click.add_to(made.samples, random.uniform(0.1, 4.7), {0.5, 1.0}, random);
  add_floor(made.samples, random);
  return made;
}

MadeSound ticking(KeyedRandom& random) {
  MadeSound made{{"Tick", "Clicking"}, silence()};
  const double period_s = 1.0 / draw_log(random, {0.8, 8.0});
  const Click tick = Click::drawn(random);
  Click tock = tick;
  const bool alternates = draw_chance(random, 0.5);
  if (alternates) {
    tock.ring_hz *= random.uniform(0.6, 0.9);
    made.labels = {"Tick-tock", "Tick", "Clock", "Clicking"};
  }
  double start_s = period_s * random.uniform();
  for (int n = 0; start_s < kOutlierSeconds; ++n, start_s += period_s)
    (n % 2 == 0 ? tick : tock).add_to(made.samples, start_s, {0.9, 1.0}, random);
  add_floor(made.samples, random);
  return made;
}

MadeSound scattered(KeyedRandom& random) {
  MadeSound made{{"Clicking"}, silence()};
  const Click click = Click::drawn(random);
  add_clicks_at_random(made.samples, click, draw_log(random, {0.08, 0.8}), random);
  add_floor(made.samples, random);
  return made;
}

// Many faint ones, few loud ones, none like the other.
MadeSound crackle(KeyedRandom& random) {
  MadeSound made{{"Crackle"}, silence()};
  const double mean_s = 1.0 / draw_log(random, {8.0, 300.0});
  const double spread = random.uniform(0.5, 1.5);
  const double longest_s = draw_log(random, {0.0004, 0.004});
  for (double start_s = random.uniform(0.0, 0.1); start_s < kOutlierSeconds;
       start_s += waiting_s(random, mean_s)) {
    const double level = std::exp(spread * draw_normals(random).first);
    const double decay_s = longest_s * random.uniform(0.1, 1.0);
    add_burst(made.samples, {start_s, decay_s, level}, random);
  }
  add_floor(made.samples, random);
  return made;
}

// Down and up again, and now and then a thought.
MadeSound keys(KeyedRandom& random) {
  MadeSound made{{"Typing", "Computer keyboard", "Clicking"}, silence()};
  const Click down = Click::drawn(random);
  Click up = down;
  up.ring_hz *= random.uniform(1.1, 1.6);
  const double body_hz = draw_log(random, {120.0, 500.0});
  const double mean_s = random.uniform(0.09, 0.3);
  double start_s = random.uniform(0.0, 0.5);
  while (start_s < kOutlierSeconds) {
    down.add_to(made.samples, start_s, {0.4, 1.0}, random);
    add_ring(made.samples, {start_s, 0.015, 0.3}, body_hz * random.uniform(0.9, 1.1));
    up.add_to(made.samples, start_s + random.uniform(0.05, 0.13), {0.15, 0.4}, random);
    start_s += draw_chance(random, 0.08) ? random.uniform(0.5, 1.2) : mean_s * random.uniform(0.6, 1.5);
  }
  add_floor(made.samples, random);
  return made;
}

constexpr std::array kClickKinds{SoundKind{"single", single}, SoundKind{"ticking", ticking},
                                 SoundKind{"scattered", scattered}, SoundKind{"crackle", crackle},
                                 SoundKind{"keys", keys}};

}  // namespace

Click Click::drawn(KeyedRandom& random) {
  return {.ring_hz = draw_log(random, {500.0, 7000.0}),
          .ring_s = draw_log(random, {0.0005, 0.012}),
          .burst_s = draw_log(random, {0.0001, 0.003}),
          .ringing = random.uniform()};
}

void Click::add_to(Samples& samples, double start_s, Range level, KeyedRandom& random) const {
  const double drawn_level = draw(random, level);
  add_ring(samples, {start_s, ring_s, drawn_level * ringing}, ring_hz);
  add_burst(samples, {start_s, burst_s, drawn_level * (1.0 - ringing)}, random);
}

void add_clicks_at_random(Samples& samples, const Click& click, double mean_s, KeyedRandom& random) {
  double start_s = random.uniform(0.0, 1.0);
  do {
    click.add_to(samples, start_s, {0.3, 1.0}, random);
    start_s += waiting_s(random, mean_s);
  } while (start_s < kOutlierSeconds);
}

std::span<const SoundKind> click_kinds() {
  return kClickKinds;
}

}  // namespace earshot
