#include "daemon/client/DemoVoice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <span>
#include <utility>

#include "daemon/client/DemoEffects.h"

namespace earshot {
namespace {

constexpr double kVoiceRate = kDemoRateHz;
constexpr double kSlow = 1.2;              // times the durations below
constexpr std::size_t kFrameSamples = 44;  // within which nothing moves: 1 ms

/// The first three formants; the higher ones are the speaker's, not the sound's.
using Formants = std::array<double, 3>;

enum class Hiss { none, s, sh, th, t };

struct Phone {
  double length_ms;
  Formants hz;
  Formants bandwidth_hz;
  std::optional<Formants> end_hz;  ///< of what glides
  double voicing = 0.0;            ///< of the vocal cords
  double breath = 0.0;             ///< noise at the vocal cords
  double hissing = 0.0;            ///< noise at teeth or tongue
  Hiss hiss = Hiss::none;
};

// Formants and bandwidths are Klatt's, tables II and III, but for the glides into and out of r.
constexpr Phone kHh{80, {530, 1680, 2500}, {150, 150, 200}, {}, 0.0, 1.3};
constexpr Phone kEh{110, {530, 1680, 2500}, {60, 90, 200}, Formants{600, 1530, 2530}, 1.0};
constexpr Phone kL{75, {310, 1050, 2880}, {50, 100, 280}, {}, 0.7};
constexpr Phone kOw{260, {540, 1100, 2300}, {80, 70, 70}, Formants{430, 870, 2300}, 1.0};
constexpr Phone kPause{120, {500, 1500, 2500}, {60, 90, 150}, {}};
constexpr Phone kDh{60, {270, 1290, 2540}, {60, 80, 170}, {}, 0.45, 0.0, 0.06, Hiss::th};
constexpr Phone kIh{90, {400, 1800, 2570}, {50, 100, 140}, Formants{440, 1650, 2600}, 1.0};
constexpr Phone kS{120, {320, 1390, 2530}, {200, 80, 200}, {}, 0.0, 0.0, 0.5, Hiss::s};
constexpr Phone kZ{90, {240, 1390, 2530}, {70, 60, 180}, {}, 0.4, 0.0, 0.35, Hiss::s};
constexpr Phone kIr{190, {330, 2000, 2600}, {50, 100, 140}, Formants{430, 1450, 1650}, 1.0};
constexpr Phone kR{60, {400, 1300, 1550}, {70, 100, 120}, {}, 0.9};
constexpr Phone kSh{140, {300, 1840, 2750}, {200, 100, 300}, {}, 0.0, 0.0, 0.8, Hiss::sh};
constexpr Phone kAa{190, {700, 1220, 2600}, {130, 70, 160}, {}, 1.0};
constexpr Phone kTClosed{80, {400, 1600, 2600}, {300, 120, 250}, {}};
constexpr Phone kTBurst{25, {400, 1600, 2600}, {300, 120, 250}, {}, 0.0, 0.1, 0.8, Hiss::t};
constexpr Phone kTBreath{50, {400, 1600, 2600}, {300, 120, 250}, {}, 0.0, 0.25};

constexpr std::array kSentence{kHh, kEh, kL,  kOw, kPause, kDh, kIh,      kS,      kIh,
                               kZ,  kIr, kR, kSh, kAa,    kTClosed, kTBurst, kTBreath};
constexpr std::array<std::size_t, 2> kStressed{3, 10};  // their syllables rise in pitch

struct Band {
  double hz;
  double bandwidth_hz;
  double level;
};

/// What teeth and tongue make of noise: the parallel branch.
std::span<const Band> bands_of(Hiss hiss) {
  static constexpr std::array kSBands{Band{5200, 900, 1.0}, Band{7300, 1200, 0.8}};
  static constexpr std::array kShBands{Band{2600, 450, 1.0}, Band{3700, 600, 0.6}, Band{5000, 900, 0.3}};
  static constexpr std::array kThBands{Band{6000, 3000, 1.0}};
  static constexpr std::array kTBands{Band{4200, 1500, 1.0}, Band{6500, 2000, 0.7}};
  switch (hiss) {
    case Hiss::none: return {};
    case Hiss::s: return kSBands;
    case Hiss::sh: return kShBands;
    case Hiss::th: return kThBands;
    case Hiss::t: return kTBands;
  }
  return {};
}

/// Klatt's digital resonator, his equations 1 and 2: y[n] = A x[n] + B y[n-1] + C y[n-2], gain 1 at 0 Hz.
class Resonator {
 public:
  void tune(double hz, double bandwidth_hz) {
    const double radius = std::exp(-std::numbers::pi * bandwidth_hz / kVoiceRate);
    c_ = -radius * radius;
    b_ = 2.0 * radius * std::cos(2.0 * std::numbers::pi * hz / kVoiceRate);
  }
  double operator()(double x) {
    const double y = (1.0 - b_ - c_) * x + b_ * last_ + c_ * before_;
    before_ = std::exchange(last_, y);
    return y;
  }

 private:
  double b_ = 0.0;
  double c_ = 0.0;
  double last_ = 0.0;
  double before_ = 0.0;
};

/// A resonator with zeros at 0 Hz and half the rate: a band of gain near 1 at its middle.
class BandPass {
 public:
  explicit BandPass(const Band& band) : level_(band.level) {
    const double radius = std::exp(-std::numbers::pi * band.bandwidth_hz / kVoiceRate);
    gain_ = 1.0 - radius;
    c_ = -radius * radius;
    b_ = 2.0 * radius * std::cos(2.0 * std::numbers::pi * band.hz / kVoiceRate);
  }
  double operator()(double x) {
    const double y = gain_ * (x - x_before_) + b_ * last_ + c_ * before_;
    x_before_ = std::exchange(x_last_, x);
    before_ = std::exchange(last_, y);
    return level_ * y;
  }

 private:
  double level_;
  double gain_ = 0.0;
  double b_ = 0.0;
  double c_ = 0.0;
  double x_last_ = 0.0;
  double x_before_ = 0.0;
  double last_ = 0.0;
  double before_ = 0.0;
};

/// A value over time: straight between its points, which come in order.
class Track {
 public:
  void point(double t, double value) { points_.emplace_back(t, value); }
  double at(double t) const {
    const auto after =
        std::find_if(points_.begin(), points_.end(), [t](const auto& each) { return each.first > t; });
    if (after == points_.begin()) return points_.front().second;
    if (after == points_.end()) return points_.back().second;
    const auto& [from, begin] = *(after - 1);
    return begin + (after->second - begin) * (t - from) / (after->first - from);
  }

 private:
  std::vector<std::pair<double, double>> points_;
};

/// The sentence as what the synthesiser is told each millisecond.
struct Score {
  Score() {
    for (Track* each : {&voicing, &breath}) each->point(0.0, 0.0);
    for (Track& each : hissing) each.point(0.0, 0.0);
    for (std::size_t i = 0; i < kSentence.size(); ++i) {
      const Phone& phone = kSentence[i];
      const double end_s = length_s + kSlow * phone.length_ms / 1000.0;
      // Tongue and lips are slow, cords and teeth less so.
      const double glide_s = std::min(0.035, 0.35 * (end_s - length_s));
      const double onset_s = std::min(0.012, 0.3 * (end_s - length_s));
      for (std::size_t k = 0; k < hz.size(); ++k) {
        hz[k].point(length_s + glide_s, phone.hz[k]);
        hz[k].point(end_s - glide_s, phone.end_hz.value_or(phone.hz)[k]);
        bandwidth_hz[k].point(length_s + glide_s, phone.bandwidth_hz[k]);
        bandwidth_hz[k].point(end_s - glide_s, phone.bandwidth_hz[k]);
      }
      for (const double t : {length_s + onset_s, end_s - onset_s}) {
        voicing.point(t, phone.voicing);
        breath.point(t, phone.breath);
        for (std::size_t k = 0; k < hissing.size(); ++k)
          hissing[k].point(t, kHisses[k] == phone.hiss ? phone.hissing : 0.0);
      }
      if (std::find(kStressed.begin(), kStressed.end(), i) != kStressed.end())
        stresses.push_back((length_s + end_s) / 2.0 - 0.03);
      length_s = end_s;
    }
    for (Track* each : {&voicing, &breath}) each->point(length_s, 0.0);
    for (Track& each : hissing) each.point(length_s, 0.0);
  }

  /// A statement's melody: falling, with rises on what is stressed, and never quite steady.
  double pitch_hz(double t) const {
    double hz_now = 118.0 * (1.12 - 0.22 * t / length_s);
    for (const double stress : stresses) hz_now *= 1.0 + 0.14 * std::exp(-std::pow((t - stress) / 0.11, 2.0));
    return hz_now * (1.0 + 0.008 * std::sin(2.0 * std::numbers::pi * 5.0 * t));
  }

  static constexpr std::array kHisses{Hiss::s, Hiss::sh, Hiss::th, Hiss::t};
  double length_s = 0.0;
  std::array<Track, 3> hz;
  std::array<Track, 3> bandwidth_hz;
  Track voicing;
  Track breath;
  std::array<Track, 4> hissing;
  std::vector<double> stresses;
};

/// The cascade branch: the mouth as resonators one behind another. Those above the third are the same for all
/// sounds; a tube of 17.5 cm, closed at one end, has one each kHz.
class Mouth {
 public:
  Mouth() : fixed_(17) {
    constexpr std::array<std::pair<double, double>, 3> kKlatts{{{3300, 250}, {3850, 250}, {4900, 600}}};
    for (std::size_t i = 0; i < fixed_.size(); ++i) {
      if (i < kKlatts.size()) {
        fixed_[i].tune(kKlatts[i].first, kKlatts[i].second);
      } else {
        const auto above = static_cast<double>(i - kKlatts.size());
        fixed_[i].tune(5900.0 + 1000.0 * above, 700.0 + 100.0 * above);
      }
    }
  }
  void shape(const Score& score, double t) {
    for (std::size_t k = 0; k < moving_.size(); ++k)
      moving_[k].tune(score.hz[k].at(t), score.bandwidth_hz[k].at(t));
  }
  double operator()(double x) {
    for (Resonator& each : moving_) x = each(x);
    for (Resonator& each : fixed_) x = each(x);
    return x;
  }

 private:
  std::array<Resonator, 3> moving_;
  std::vector<Resonator> fixed_;
};

/// Flow through the vocal cords, differentiated, as the lips radiate it: of KLGLOTT88 (D. H. Klatt and L. C. Klatt,
/// J. Acoust. Soc. Am. 87 (1990) 820-857), u^2 - u^3 in the part of a period in which they are open.
double glottal_pulse(double phase, double open) {
  const double u = phase / open;
  return u < 1.0 ? 2.0 * u - 3.0 * u * u : 0.0;
}

}  // namespace

std::vector<double> say_hello() {
  constexpr double kOpen = 0.6;
  const Score score;
  KeyedRandom random(8);
  Mouth mouth;
  std::array<std::vector<BandPass>, Score::kHisses.size()> hisses;
  for (std::size_t k = 0; k < hisses.size(); ++k)
    for (const Band& band : bands_of(Score::kHisses[k])) hisses[k].emplace_back(band);

  std::vector<double> voiced(demo_samples(score.length_s));
  std::vector<double> hissed(voiced.size());
  double phase = 0.0;
  double effort = 1.0;
  double last_white = 0.0;
  for (std::size_t frame = 0; frame < voiced.size(); frame += kFrameSamples) {
    const double t = static_cast<double>(frame) / kVoiceRate;
    mouth.shape(score, t);
    const double step = score.pitch_hz(t) / kVoiceRate;
    const double voicing = score.voicing.at(t);
    const double breath = score.breath.at(t);
    std::array<double, Score::kHisses.size()> hissing;
    for (std::size_t k = 0; k < hissing.size(); ++k) hissing[k] = score.hissing[k].at(t);
    for (std::size_t i = frame; i < std::min(frame + kFrameSamples, voiced.size()); ++i) {
      phase += step;
      if (phase >= 1.0) {
        phase -= 1.0;
        effort = random.uniform(0.95, 1.05);  // no two periods are alike
      }
      const double white = noise(random);
      const double radiated = white - std::exchange(last_white, white);
      const double leak = phase < kOpen ? 0.03 * voicing : 0.0;
      voiced[i] = mouth(voicing * effort * glottal_pulse(phase, kOpen) +
                        0.5 * (0.25 * breath + leak) * radiated);
      for (std::size_t k = 0; k < hisses.size(); ++k)
        for (BandPass& band : hisses[k]) hissed[i] += band(hissing[k] * white);
    }
  }
  double peak = 1e-9;
  for (const double x : voiced) peak = std::max(peak, std::abs(x));
  for (std::size_t i = 0; i < voiced.size(); ++i) voiced[i] = 0.9 * voiced[i] / peak + 0.19 * hissed[i];
  return voiced;
}

}  // namespace earshot
