// Stft, MelFilterbank, Decibel, LanczosResize: hand-checked values.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/features/LanczosResize.h"
#include "dsp/features/MelFilterbank.h"
#include "dsp/spectrum/Decibel.h"
#include "dsp/spectrum/Stft.h"
#include "tests/dsp/Signals.h"

namespace earshot::test {

TEST_CASE(
    "a sine on a bin has a quarter of its amplitude times the length there, squared, half that beside it") {
  constexpr std::size_t kLength = 2048;
  Stft stft(kLength);
  std::vector<float> power(stft.bins() * kLanes);
  std::array<std::vector<float>, kLanes> signals;
  std::array<const float*, kLanes> frames{};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    signals[lane] = sine(100.0 + static_cast<double>(lane), 1.0, kLength, kLength);
    frames[lane] = signals[lane].data();
  }
  stft.power(frames, power);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::size_t bin = 100 + lane;
    const double peak = std::pow(kLength / 4.0, 2);  // the periodic Hann window's mean is 1/2
    CHECK(power[bin * kLanes + lane] == Approx(peak).epsilon(1e-6));
    CHECK(power[(bin + 1) * kLanes + lane] == Approx(peak / 4).epsilon(1e-6));
    CHECK(power[(bin + 2) * kLanes + lane] < peak * 1e-12);
    CHECK(power[(bin + 500) * kLanes + lane] < peak * 1e-12);
  }
}

TEST_CASE("the power of a frame agrees with the transform's definition in double") {
  for (const std::size_t length : {64u, 256u, 2048u}) {
    Stft stft(static_cast<int>(length));
    const std::vector<float> signal = noise(length, 11);
    std::vector<float> power(stft.bins() * kLanes);
    std::array<const float*, kLanes> frames{};
    frames.fill(signal.data());
    stft.power(frames, power);
    for (std::size_t bin = 0; bin < stft.bins(); ++bin) {
      double re = 0.0;
      double im = 0.0;
      for (std::size_t n = 0; n < length; ++n) {
        const double turn = 2.0 * std::numbers::pi / static_cast<double>(length);
        const double windowed =
            static_cast<double>(signal[n]) * (0.5 - 0.5 * std::cos(turn * static_cast<double>(n)));
        const double phase = turn * static_cast<double>(n * bin % length);
        re += windowed * std::cos(phase);
        im -= windowed * std::sin(phase);
      }
      // 1e-7 of a typical bin's amplitude, sqrt(length / 8), whatever this bin's own.
      const double typical = std::sqrt(static_cast<double>(length) / 8.0);
      CHECK(std::sqrt(static_cast<double>(power[bin * kLanes])) ==
            Approx(std::hypot(re, im)).margin(1.5e-6 * typical).epsilon(0));
    }
  }
}

TEST_CASE("a frame's power does not depend on the frames beside it") {
  Stft stft(512);
  const std::vector<float> signal = noise(512, 1);
  const std::vector<float> loud(512, 1e20f);
  std::vector<float> among_equals(stft.bins() * kLanes);
  std::vector<float> among_loud(stft.bins() * kLanes);
  std::array<const float*, kLanes> frames{};
  frames.fill(signal.data());
  stft.power(frames, among_equals);
  frames.fill(loud.data());
  frames[kLanes - 1] = signal.data();
  stft.power(frames, among_loud);
  for (std::size_t bin = 0; bin < stft.bins(); ++bin) {
    REQUIRE(among_loud[bin * kLanes + kLanes - 1] == among_equals[bin * kLanes]);
  }
}

TEST_CASE("Slaney's scale is linear to 1 kHz, which is mel 15, and has 27 mels from there to 6.4 kHz") {
  CHECK(hz_to_slaney_mel(0.0) == 0.0);
  CHECK(hz_to_slaney_mel(200.0) == Approx(3.0));
  CHECK(hz_to_slaney_mel(1000.0) == Approx(15.0));
  CHECK(hz_to_slaney_mel(6400.0) == Approx(42.0));
  for (const double hz : {1.0, 999.0, 1000.0, 1001.0, 22050.0})
    CHECK(slaney_mel_to_hz(hz_to_slaney_mel(hz)) == Approx(hz));
}

TEST_CASE("v6's mel filters are the triangles of librosa.filters.mel") {
  const MelFilterbank filterbank(44100, 2048, 256, 0.0, 22050.0);
  REQUIRE(filterbank.bands() == 256);
  REQUIRE(filterbank.bins() == 1025);
  // librosa.filters.mel(sr=44100, n_fft=2048, n_mels=256): its sum, first filter and last.
  double sum = 0.0;
  std::size_t weights = 0;
  for (std::size_t band = 0; band < filterbank.bands(); ++band) {
    for (const float weight : filterbank.weights(band)) sum += static_cast<double>(weight);
    weights += filterbank.weights(band).size();
  }
  CHECK(weights == 2030);
  CHECK(sum == Approx(11.8795839).epsilon(1e-6));
  REQUIRE(filterbank.weights(0).size() == 1);
  CHECK(filterbank.first_bin(0) == 1);
  CHECK(filterbank.weights(0)[0] == 3.960341e-02f);
  CHECK(filterbank.first_bin(255) == 992);
  CHECK(filterbank.weights(255).size() == 32);
  CHECK(filterbank.weights(255)[10] == 1.8517739e-03f);
}

TEST_CASE("YAMNet's mel filters are the triangles of tf.signal.linear_to_mel_weight_matrix") {
  CHECK(hz_to_htk_mel(0.0) == 0.0);
  CHECK(hz_to_htk_mel(700.0) == Approx(1127.0 * std::log(2.0)));
  const MelFilterbank filterbank(16000, 512, 64, 125.0, 7500.0, MelScale::htk);
  REQUIRE(filterbank.bins() == 257);
  // Corners lie evenly in mel, so neighbours add up to one between the first centre and the last.
  std::vector<double> sums(filterbank.bins());
  for (std::size_t band = 0; band < filterbank.bands(); ++band) {
    const auto weights = filterbank.weights(band);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sums[filterbank.first_bin(band) + i] += static_cast<double>(weights[i]);
    }
  }
  const double step = (hz_to_htk_mel(7500.0) - hz_to_htk_mel(125.0)) / 65.0;
  for (std::size_t bin = 0; bin < sums.size(); ++bin) {
    const double mel = hz_to_htk_mel(31.25 * static_cast<double>(bin));
    const double from_edges = std::min(mel - hz_to_htk_mel(125.0), hz_to_htk_mel(7500.0) - mel) / step;
    CHECK(sums[bin] == Approx(std::clamp(from_edges, 0.0, 1.0)).margin(1e-6));
  }
}

TEST_CASE("a level is 20 log10 of power, to 1e-5 dB over the whole range of floats") {
  std::vector<float> power;
  for (double exponent = -5.0; exponent < 18.0; exponent += 0.0137)
    power.push_back(static_cast<float>(std::pow(10.0, exponent)));
  std::vector<float> levels(power.size());
  power_to_levels(power, 1e-5f, levels);
  for (std::size_t i = 0; i < power.size(); ++i) {
    const double exact = 20.0 * std::log10(static_cast<double>(power[i]));
    REQUIRE(static_cast<double>(levels[i]) == Approx(exact).margin(1e-5).epsilon(1e-7));
  }
}

TEST_CASE("a logarithm is within 2e-6 of exact, or a relative 1e-6, over the whole range of floats") {
  std::vector<float> sums;
  for (double exponent = -30.0; exponent < 38.0; exponent += 0.0137)
    sums.push_back(static_cast<float>(std::pow(10.0, exponent)));
  std::vector<float> levels(sums.size());
  for (const float offset : {1e-30f, 1e-3f}) {
    sums_to_log(sums, offset, levels);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double exact = std::log(static_cast<double>(sums[i] + offset));
      REQUIRE(static_cast<double>(levels[i]) == Approx(exact).margin(2e-6).epsilon(1e-6));
    }
  }
  const std::vector<float> odd{0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::infinity()};
  levels.resize(odd.size());
  sums_to_log(odd, 1e-3f, levels);
  for (std::size_t i = 0; i < 3; ++i) CHECK(levels[i] == Approx(std::log(1e-3)));
  CHECK(levels[3] == Approx(88.7228));
}

TEST_CASE("min-max grey is cut toward zero, from 0 at the lowest to 255 at the loudest") {
  const std::vector<float> levels{-40.0f, -30.0f, -0.1f, 0.0f};
  std::vector<std::uint8_t> grey(levels.size());
  levels_to_min_max_grey(levels, GreyScale(-40.0f, 0.0f, 80.0f), grey);
  CHECK(grey == std::vector<std::uint8_t>{0, 63, 254, 255});
  levels_to_min_max_grey(levels, GreyScale(-40.0f, 0.0f, 20.0f), grey);  // no deeper than the range
  CHECK(grey == std::vector<std::uint8_t>{0, 0, 253, 255});
  levels_to_min_max_grey(levels, GreyScale(-3.0f, -3.0f, 80.0f), grey);
  CHECK(grey == std::vector<std::uint8_t>(4, 0));
}

TEST_CASE("power under the floor, NaN and overflow have finite levels") {
  const std::vector<float> power{
      0.0f, 1e-6f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30f,
      1.0f, 10.0f};
  std::vector<float> levels(power.size());
  power_to_levels(power, 1e-5f, levels);
  for (std::size_t i = 0; i < 3; ++i) CHECK(levels[i] == Approx(-100.0f));
  CHECK(levels[3] == Approx(385.318f));
  CHECK(levels[4] == levels[3]);
  CHECK(levels[5] == 0.0f);
  CHECK(levels[6] == Approx(20.0f));
}

TEST_CASE(
    "grey is the low byte of the value cut toward zero, so the loudest is black and what follows bright") {
  const GreyScale scale(-80.0f, 0.0f, 80.0f);
  const std::vector<float> levels{0.0f, -0.3f, -80.0f / 255.0f * 1.5f, -40.0f, -80.0f, -90.0f};
  std::vector<std::uint8_t> grey(levels.size());
  levels_to_grey(levels, scale, grey);
  CHECK(grey == std::vector<std::uint8_t>{0, 0, 255, 129, 1, 1});
}

TEST_CASE("levels that are all equal are all zero") {
  const std::vector<float> levels(9, -17.0f);
  std::vector<std::uint8_t> grey(levels.size(), 77);
  levels_to_grey(levels, GreyScale(-17.0f, -17.0f, 80.0f), grey);
  CHECK(grey == std::vector<std::uint8_t>(9, 0));
}

TEST_CASE("the weights of a LANCZOS line add up to one, and lines mirror each other") {
  for (const auto& [in, out] :
       {std::pair{431u, 256u}, std::pair{3u, 256u}, std::pair{256u, 7u}, std::pair{1u, 5u}}) {
    const LanczosResize resize(in, out);
    for (std::size_t line = 0; line < out; ++line) {
      const auto weights = resize.weights(line);
      const auto mirrored = resize.weights(out - 1 - line);
      int sum = 0;
      for (const int weight : weights) sum += weight;
      CHECK(std::abs(sum - (1 << 22)) <= static_cast<int>(weights.size()));
      CHECK(resize.first_input(line) + weights.size() <= in);
      const std::size_t first_mirrored = in - resize.first_input(line) - weights.size();
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const std::size_t input = first_mirrored + weights.size() - 1 - i;
        const std::size_t offset = input - resize.first_input(out - 1 - line);
        const int other = offset < mirrored.size() ? mirrored[offset] : 0;
        CHECK(std::abs(weights[i] - other) <= 1);
      }
    }
  }
}

TEST_CASE("a LANCZOS row of eight made of four is Pillow's") {
  // Image.fromarray(np.array([[0, 10, 200, 255]], np.uint8)).resize((8, 1), Image.LANCZOS)
  const std::vector<std::uint8_t> source{0, 10, 200, 255};
  std::vector<std::uint8_t> target(8);
  LanczosResize(4, 8).apply(source, 1, target);
  CHECK(target == std::vector<std::uint8_t>{6, 0, 0, 48, 153, 232, 255, 255});
}

}  // namespace earshot::test
