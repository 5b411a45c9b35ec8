// PolyphaseBank and PolyphaseStream against libsamplerate's own output, whose filter the bank holds.
#include "dsp/audio/PolyphaseBank.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <samplerate.h>

#include <catch2/catch.hpp>

#include "dsp/audio/PolyphaseStream.h"
#include "dsp/audio/Resampler.h"
#include "tests/dsp/Signals.h"

namespace earshot::test {
namespace {

std::vector<float> by_libsamplerate(const std::vector<float>& samples, int from_hz, int to_hz) {
  std::vector<float> out(samples.size() * static_cast<std::size_t>(to_hz) / static_cast<std::size_t>(from_hz) + 8);
  SRC_DATA data{};
  data.data_in = samples.data();
  data.input_frames = static_cast<long>(samples.size());
  data.data_out = out.data();
  data.output_frames = static_cast<long>(out.size());
  data.src_ratio = static_cast<double>(to_hz) / from_hz;
  REQUIRE(src_simple(&data, SRC_SINC_BEST_QUALITY, 1) == 0);
  out.resize(static_cast<std::size_t>(data.output_frames_gen));
  return out;
}

/// A triangle of one sample to either side: between two samples, the straight line.
SincPrototype triangle() { return {4, {1.0, 0.75, 0.5, 0.25}}; }

}  // namespace

TEST_CASE("what comes out is what libsamplerate makes of it, from the first sample to the last") {
  for (const auto& [from_hz, to_hz] :
       {std::pair{44100, 16000}, std::pair{48000, 44100}, std::pair{96000, 16000}, std::pair{48000, 16000},
        std::pair{16000, 44100}, std::pair{8000, 44100}, std::pair{11025, 16000}, std::pair{22050, 44100},
        std::pair{1000, 256000}, std::pair{256000, 1000}}) {
    CAPTURE(from_hz, to_hz);
    const std::vector<float> samples = noise(static_cast<std::size_t>(from_hz) / 4, 1);
    const std::vector<float> ours = resample(samples, from_hz, to_hz);
    const std::vector<float> theirs = by_libsamplerate(samples, from_hz, to_hz);
    REQUIRE(ours.size() >= theirs.size());
    double difference = 0.0;
    double power = 0.0;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      difference += std::pow(static_cast<double>(ours[i]) - static_cast<double>(theirs[i]), 2);
      power += std::pow(static_cast<double>(theirs[i]), 2);
    }
    CHECK(10.0 * std::log10(power / difference) > 110.0);  // theirs places its taps to 1/4096 of its table's step
  }
}

TEST_CASE("a bank that would be too large is none, and the rates still convert") {
  const SincPrototype filter = triangle();
  CHECK(PolyphaseBank::make(4410, 4409, filter));  // short filters fit
  CHECK_FALSE(PolyphaseBank::make(768000, 767999, filter));
  const std::vector<float> tone = sine(1000.0, 0.5, 44100, 44100);
  CHECK(resample(tone, 44100, 44099).size() == 44099);
}

TEST_CASE("each output is the same bits, however many are made at once") {
  const auto bank = PolyphaseBank::make(441, 160, triangle());
  REQUIRE(bank);
  const std::vector<float> in = noise(20000, 2);
  std::vector<float> all(bank->outputs_of(in.size()) - 100);  // from 100 on no zeros before the beginning are needed
  bank->convert(in, 0, 100, all);
  for (const std::size_t count : {1u, 2u, 3u, 159u, 161u, 641u}) {
    std::vector<float> part(count);
    for (std::size_t first = 0; first + count <= all.size(); first += count) {
      bank->convert(in, 0, 100 + first, part);
      REQUIRE(std::equal(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(first)));
    }
  }
}

TEST_CASE("a triangle's bank draws straight lines between samples") {
  // Not to the digit: it is known four times a sample, and a triangle's corners lie above half of that rate.
  const std::shared_ptr<const PolyphaseBank> bank = PolyphaseBank::make(1, 4, triangle());
  PolyphaseStream stream(bank, 16);
  const std::vector<float> in = {0, 0, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
  std::vector<float> out(stream.most_outputs(in.size()));
  out.resize(stream.append(in, out));
  REQUIRE(out.size() > 16);
  CHECK(out[4] == Approx(0.0).margin(1e-6));
  CHECK(out[6] == Approx(0.5).margin(1e-6));
  CHECK(out[8] == Approx(1.0).margin(1e-6));
  CHECK(out[9] == Approx(1.5).margin(1e-6));
  CHECK(out[12] == Approx(3.0).margin(1e-6));
}

TEST_CASE("an output comes no later than libsamplerate gives it") {
  for (const auto& [from_hz, to_hz] : {std::pair{44100, 16000}, std::pair{16000, 44100}}) {
    const std::vector<float> block = noise(256, 3);
    Resampler ours(from_hz, to_hz);
    int failure = 0;
    SRC_STATE* const theirs = src_new(SRC_SINC_BEST_QUALITY, 1, &failure);
    REQUIRE(theirs);
    std::size_t our_count = 0;
    std::size_t their_count = 0;
    std::vector<float> room(1000);
    for (int i = 0; i < 200; ++i) {
      our_count += ours.process(block).size();
      SRC_DATA data{};
      data.data_in = block.data();
      data.input_frames = 256;
      data.data_out = room.data();
      data.output_frames = static_cast<long>(room.size());
      data.src_ratio = static_cast<double>(to_hz) / from_hz;
      REQUIRE(src_process(theirs, &data) == 0);
      their_count += static_cast<std::size_t>(data.output_frames_gen);
      CAPTURE(from_hz, i);
      REQUIRE(our_count + static_cast<std::size_t>(to_hz) / 2000 >= their_count);  // to half a millisecond
    }
    src_delete(theirs);
  }
}

}  // namespace earshot::test
