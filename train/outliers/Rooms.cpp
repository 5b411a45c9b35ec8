#include "train/outliers/Rooms.h"

#include <array>

#include "train/outliers/Biquad.h"
#include "train/outliers/Clicks.h"
#include "train/outliers/Hums.h"
#include "train/outliers/Noise.h"
#include "train/outliers/Room.h"
#include "train/outliers/Strike.h"

namespace earshot {
namespace {

constexpr Range kDecaysS{0.15, 2.5};  // a cupboard, a church

// What comes through walls and windows: the lower the louder.
Samples noise_floor(KeyedRandom& random) {
  Samples floor = noise(draw_chance(random, 0.5) ? NoiseColour::pink : NoiseColour::brown, random);
  Biquad::high_pass(draw_log(random, {20.0, 150.0})).filter(floor);
  Biquad::low_pass(draw_log(random, {300.0, 12'000.0})).filter(floor);
  return floor;
}

MadeSound floor_alone(KeyedRandom& random) {
  const Room room = Room::drawn(random, kDecaysS);
  return {{room.label(), "Noise"}, in_room(noise_floor(random), room, random)};
}

MadeSound humming(KeyedRandom& random) {
  const Room room = Room::drawn(random, kDecaysS);
  Samples sound = noise_floor(random);
  add_below(sound, mains_hum(random), {0.0, 20.0}, random);
  return {{room.label(), "Mains hum", "Hum"}, in_room(sound, room, random)};
}

// Steps above, doors somewhere, something put down.
MadeSound thumps(KeyedRandom& random) {
  const Room room = Room::drawn(random, kDecaysS);
  const double hz = draw_log(random, {40.0, 140.0});
  const auto count = 1 + random.below(8);
  Samples sound = silence();
  for (std::uint32_t n = 0; n < count; ++n) {
    const double start_s = random.uniform(0.05, 4.6);
    const double level = random.uniform(0.3, 1.0);
    const double ring_s = random.uniform(0.03, 0.12);
    add_ring(sound, {start_s, ring_s, level}, hz * random.uniform(0.9, 1.1));
    const double burst_s = random.uniform(0.003, 0.02);
    add_burst(sound, {start_s, burst_s, 0.5 * level}, random);
  }
  Biquad::low_pass(draw_log(random, {150.0, 1500.0})).filter(sound);
  sound = in_room(sound, room, random);
  add_below(sound, noise_floor(random), {15.0, 45.0}, random);
  return {{"Thump, thud", room.label()}, std::move(sound)};
}

MadeSound clicks(KeyedRandom& random) {
  const Room room = Room::drawn(random, kDecaysS);
  Samples sound = silence();
  const Click click = Click::drawn(random);
  add_clicks_at_random(sound, click, draw_log(random, {0.2, 2.0}), random);
  sound = in_room(sound, room, random);
  add_below(sound, noise_floor(random), {5.0, 40.0}, random);
  return {{"Clicking", room.label(), "Reverberation"}, std::move(sound)};
}

constexpr std::array kRoomKinds{SoundKind{"floor", floor_alone}, SoundKind{"humming", humming},
                                SoundKind{"thumps", thumps}, SoundKind{"clicks", clicks}};

}  // namespace

std::span<const SoundKind> room_kinds() {
  return kRoomKinds;
}

}  // namespace earshot
