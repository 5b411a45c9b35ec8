// Resampler: quality, length, alignment, and the same bits whatever the chunking.
#include "dsp/audio/Resampler.h"

#include <cmath>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "tests/dsp/Signals.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

/// Power of the middle half, where no edge of the signal is near.
double middle_power(std::span<const float> samples) {
  const auto middle = samples.subspan(samples.size() / 4, samples.size() / 2);
  double sum = 0.0;
  for (const float sample : middle) sum += static_cast<double>(sample) * static_cast<double>(sample);
  return sum / static_cast<double>(middle.size());
}

std::vector<float> resample_in_chunks(std::span<const float> samples, int from_hz, int to_hz,
                                      std::size_t chunk) {
  Resampler resampler(from_hz, to_hz);
  std::vector<float> out;
  for (std::size_t start = 0; start < samples.size(); start += chunk) {
    const auto ready = resampler.process(samples.subspan(start, std::min(chunk, samples.size() - start)));
    out.insert(out.end(), ready.begin(), ready.end());
  }
  const auto rest = resampler.finish();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace

TEST_CASE("a 1 kHz tone keeps 100 dB of signal-to-noise and its place in time") {
  for (const auto& [from_hz, to_hz] :
       {std::pair{48000, 44100}, std::pair{16000, 44100}, std::pair{8000, 44100}, std::pair{96000, 44100},
        std::pair{44100, 16000}, std::pair{44100, 48000}}) {
    const std::vector<float> out =
        resample(sine(1000.0, 0.5, from_hz, static_cast<std::size_t>(from_hz)), from_hz, to_hz);
    std::vector<float> error = sine(1000.0, 0.5, to_hz, out.size());
    const double signal = middle_power(error);
    for (std::size_t i = 0; i < out.size(); ++i) error[i] -= out[i];
    CAPTURE(from_hz, to_hz);
    CHECK(10.0 * std::log10(signal / middle_power(error)) > 120.0);
  }
}

TEST_CASE("what lies above the new Nyquist frequency is 90 dB down, from its very edge on") {
  for (const auto& [from_hz, to_hz] :
       {std::pair{48000, 44100}, std::pair{96000, 44100}, std::pair{44100, 16000}}) {
    for (const double relative : {1.0005, 1.005, 1.02, 1.05, 1.08, 1.3, 1.9}) {
      const double hz = relative * to_hz / 2.0;
      if (hz >= from_hz / 2.0) continue;
      const std::vector<float> tone = sine(hz, 0.5, from_hz, static_cast<std::size_t>(from_hz));
      CAPTURE(from_hz, to_hz, relative);
      CHECK(10.0 * std::log10(middle_power(resample(tone, from_hz, to_hz)) / middle_power(tone)) < -90.0);
    }
  }
}

TEST_CASE("the passband reaches to 95 % of the new Nyquist frequency, half a dB down") {
  const std::vector<float> tone = sine(0.95 * 22050.0, 0.5, 48000, 48000);
  CHECK(10.0 * std::log10(middle_power(resample(tone, 48000, 44100)) / middle_power(tone)) > -0.5);
}

TEST_CASE("resampled bits do not depend on the chunking") {
  const std::vector<float> samples = noise(10007, 1);
  for (const auto& [from_hz, to_hz] :
       {std::pair{48000, 44100}, std::pair{16000, 44100}, std::pair{44100, 44100}}) {
    const std::vector<float> at_once = resample(samples, from_hz, to_hz);
    for (const std::size_t chunk : {1u, 7u, 255u, 256u, 257u, 4096u, 9999u}) {
      CAPTURE(from_hz, chunk);
      CHECK(resample_in_chunks(samples, from_hz, to_hz, chunk) == at_once);
    }
  }
}

TEST_CASE("n samples become ceil(n to / from)") {
  for (const auto& [from_hz, to_hz] :
       {std::pair{48000, 44100}, std::pair{8000, 44100}, std::pair{44100, 8000}}) {
    for (const std::size_t count : {0u, 1u, 2u, 255u, 256u, 257u, 1000u, 44100u}) {
      const auto from = static_cast<std::size_t>(from_hz);
      CAPTURE(from_hz, count);
      CHECK(resample(noise(count, 2), from_hz, to_hz).size() ==
            (count * static_cast<std::size_t>(to_hz) + from - 1) / from);
    }
  }
}

TEST_CASE("a resampler that finished or was reset begins anew") {
  const std::vector<float> samples = noise(5000, 3);
  const std::vector<float> expected = resample(samples, 48000, 44100);
  Resampler resampler(48000, 44100);
  resampler.process(noise(777, 4));
  resampler.reset();
  for (int round = 0; round < 2; ++round) {
    const auto ready = resampler.process(samples);
    std::vector<float> out(ready.begin(), ready.end());
    const auto rest = resampler.finish();
    out.insert(out.end(), rest.begin(), rest.end());
    CHECK(out == expected);
  }
}

TEST_CASE("resampling a stream allocates nothing") {
  const std::vector<float> chunk = noise(Resampler::kMaxChunk, 5);
  Resampler up(8000, 44100);
  Resampler down(96000, 44100);
  const AllocationGuard guard;
  for (int i = 0; i < 10; ++i) {
    up.process(chunk);
    down.process(chunk);
  }
  up.finish();
  down.finish();
  const std::size_t allocations = guard.allocations();
  CHECK(allocations == 0);
}

TEST_CASE("rates out of range are refused") {
  CHECK_THROWS_AS(Resampler(999, 44100), Error);
  CHECK_THROWS_AS(Resampler(44100, 768001), Error);
  CHECK_THROWS_AS(Resampler(1000, 256001), Error);
  CHECK_NOTHROW(Resampler(1000, 256000));
}

}  // namespace earshot::test
