#include "train/outliers/Room.h"

#include <array>
#include <numbers>

namespace earshot {
namespace {

// Eight delays that feed one another: every echo comes back as many, the sooner the smaller the room, and
// each delay takes as much of a sound as the decay says (feedback delay network: Jot and Chaigne 1991; a
// Householder matrix as its feedback keeps the energy).
class Echoes {
 public:
  Echoes(const Room& room, KeyedRandom& random) {
    dull_ = 1.0 - std::exp(-2.0 * std::numbers::pi * room.dull_hz / kOutlierHz);
    for (Line& line : lines_) {
      const double delay_s = room.size_ms / 1000.0 * random.uniform(0.6, 1.7);
      line.samples.assign(std::max<std::size_t>(sample_at(delay_s), 1), 0.0);
      line.gain = std::pow(10.0, -3.0 * delay_s / room.decay_s);
      line.sign = draw_chance(random, 0.5) ? 1.0 : -1.0;
    }
  }

  double operator()(double in) noexcept {
    double sum = 0.0;
    double out = 0.0;
    for (Line& line : lines_) {
      line.dulled += dull_ * (line.samples[line.at] - line.dulled);
      line.heard = line.gain * line.dulled;
      sum += line.heard;
      out += line.sign * line.heard;
    }
    for (Line& line : lines_) {
      line.samples[line.at] = in + line.heard - 2.0 / static_cast<double>(lines_.size()) * sum;
      if (++line.at == line.samples.size()) line.at = 0;
    }
    return out / std::sqrt(static_cast<double>(lines_.size()));
  }

 private:
  struct Line {
    std::vector<double> samples;
    std::size_t at = 0;
    double gain = 0.0, sign = 1.0, dulled = 0.0, heard = 0.0;
  };
  std::array<Line, 8> lines_;
  double dull_ = 0.0;
};

}  // namespace

Room Room::drawn(KeyedRandom& random, Range decay_s) {
  Room room;
  room.decay_s = draw_log(random, decay_s);
  room.dull_hz = draw_log(random, {1500.0, 9000.0});
  room.size_ms = 12.0 + 25.0 * room.decay_s;
  room.wet = random.uniform(0.3, 0.9);
  return room;
}

const char* Room::label() const {
  constexpr double kHallS = 0.9;
  return decay_s < kHallS ? "Inside, small room" : "Inside, large room or hall";
}

Samples in_room(const Samples& dry, const Room& room, KeyedRandom& random) {
  Echoes echoes(room, random);
  Samples heard = silence();
  for (std::size_t i = 0; i < dry.size(); ++i) {
    const double sample = static_cast<double>(dry[i]);
    heard[i] = static_cast<float>((1.0 - room.wet) * sample + room.wet * echoes(sample));
  }
  return heard;
}

}  // namespace earshot
