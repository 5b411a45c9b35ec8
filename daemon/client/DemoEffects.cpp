#include "daemon/client/DemoEffects.h"

#include <algorithm>
#include <array>

namespace earshot {
namespace {

constexpr double kPeak = 0.7;

/// y[n] = x[n] + gain y[n - delay]
class Comb {
 public:
  Comb(std::size_t delay, double gain) : line_(delay), gain_(gain) {}
  double operator()(double x) {
    double& slot = line_[next_];
    next_ = (next_ + 1) % line_.size();
    return slot = x + gain_ * slot;
  }

 private:
  std::vector<double> line_;
  double gain_;
  std::size_t next_ = 0;
};

/// y[n] = -gain x[n] + x[n - delay] + gain y[n - delay]
class AllPass {
 public:
  AllPass(std::size_t delay, double gain) : line_(delay), gain_(gain) {}
  double operator()(double x) {
    double& slot = line_[next_];
    next_ = (next_ + 1) % line_.size();
    const double y = slot - gain_ * x;
    slot = x + gain_ * y;
    return y;
  }

 private:
  std::vector<double> line_;
  double gain_;
  std::size_t next_ = 0;
};

}  // namespace

// Schroeder, "Natural sounding artificial reverberation" (1962): four combs side by side, two all-passes behind
// one another. A comb's gain makes it fall by 60 dB in the room's decay.
std::vector<float> in_room(const std::vector<double>& sound, const Room& room, double breath, KeyedRandom random) {
  std::array<Comb, 4> combs = [&] {
    const auto comb = [&](std::size_t delay) {
      return Comb(delay, std::pow(10.0, -3.0 * static_cast<double>(delay) / (room.decay_s * kDemoRateHz)));
    };
    return std::array{comb(1309), comb(1635), comb(1811), comb(1926)};
  }();
  std::array all_passes{AllPass(221, 0.7), AllPass(75, 0.7)};
  LowPass walls(5000.0);
  LowPass air(6000.0);
  std::vector<double> heard(sound.size());
  double peak = 1e-9;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double dull = walls(sound[i]);
    double echoes = 0.0;
    for (Comb& comb : combs) echoes += comb(dull) / static_cast<double>(combs.size());
    for (AllPass& all_pass : all_passes) echoes = all_pass(echoes);
    heard[i] = sound[i] + room.share * echoes;
    peak = std::max(peak, std::abs(heard[i]));
  }
  std::vector<float> out(sound.size());
  for (std::size_t i = 0; i < sound.size(); ++i) {
    out[i] = static_cast<float>(kPeak * (heard[i] / peak + breath * air(noise(random))) / (1.0 + breath));
  }
  return out;
}

}  // namespace earshot
