// Pipeline: the same windows whatever the chunking; losses never spanned; what is counted, gated and timed.
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/hearing/Pipeline.h"
#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/features/LiveHop.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/TestHearing.h"
#include "tests/daemon/TestModel.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWindow = 220'500;
constexpr std::uint64_t kHop = 22'016;  // 43 STFT hops: what 0.5 s is rounded to

const Model& model() {
  static const Model untrained = untrained_model();
  return untrained;
}

std::vector<float> noise(std::size_t samples, float amplitude = 0.1F) {
  KeyedRandom random(11);
  std::vector<float> result(samples);
  for (float& sample : result) sample = amplitude * static_cast<float>(random.uniform(-1.0, 1.0));
  return result;
}

std::shared_ptr<ClassifierPool> classifiers() {
  static const auto pool = one_classifier(model());
  return pool;
}

struct Rig {
  explicit Rig(std::optional<double> gate_dbfs = std::nullopt)
      : pipeline({.source = "s", .ear = {.gate_dbfs = gate_dbfs}}, hearing_of(model(), classifiers(), kHop),
                 utc, start, sink, counters) {}

  void push_in_chunks(std::span<const float> samples, std::uint64_t key) {
    KeyedRandom random(key);
    while (!samples.empty()) {
      const std::size_t count = std::min<std::size_t>(samples.size(), 1 + random.below(9'000));
      pipeline.push(samples.first(count));
      samples = samples.subspan(count);
    }
  }

  Collector sink;
  Counters counters;
  UtcClock utc;
  const BootClock::time_point start = BootClock::now();
  Pipeline pipeline;
};

void check_equal(const std::vector<Prediction>& a, const std::vector<Prediction>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].start_sample == b[i].start_sample);
    CHECK(a[i].level_dbfs == b[i].level_dbfs);
    CHECK(a[i].scores == b[i].scores);
    CHECK(std::chrono::abs((a[i].time - a[0].time) - (b[i].time - b[0].time)) <= 1us);  // rounded
  }
}

}  // namespace

TEST_CASE("the chunking changes no bit, at the model's rate and at others") {
  for (const int rate_hz : {44'100, 16'000}) {
    const std::vector<float> samples = noise(static_cast<std::size_t>(rate_hz) * 13 / 2);
    Rig whole;
    whole.pipeline.open(rate_hz);
    whole.pipeline.push(samples);
    whole.pipeline.finish();
    const auto expected = whole.sink.all<Prediction>();
    REQUIRE(expected.size() == 4);
    for (const std::uint64_t key : {1, 2}) {
      Rig cut;
      cut.pipeline.open(rate_hz);
      cut.push_in_chunks(samples, key);
      cut.pipeline.finish();
      check_equal(cut.sink.all<Prediction>(), expected);
    }
  }
}

TEST_CASE("predictions carry exact positions, the time of a recording, and scores that sum to one") {
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.push(noise(kWindow + kHop));
  const auto predictions = rig.sink.all<Prediction>();
  REQUIRE(predictions.size() == 2);
  CHECK(predictions[0].start_sample == 0);
  CHECK(predictions[0].end_sample == kWindow);
  CHECK(predictions[0].time == rig.utc.at(rig.start) + 5s);
  CHECK(predictions[1].start_sample == kHop);
  CHECK(predictions[1].end_sample == kHop + kWindow);
  double sum = 0;
  for (const float score : predictions[1].scores) sum += score;
  CHECK(sum == Approx(1.0).margin(1e-5));
  CHECK(rig.counters.predictions == 2);
  CHECK(rig.pipeline.position() == kWindow + kHop);
}

TEST_CASE(
    "a model of another recipe is fed its own rate, window and steps, and its scores stay as they are") {
  const Model& several = small_yamnet();
  const std::uint64_t hop = effective_hop_samples(several.recipe, 0.5, "hop");
  CHECK(hop == 50 * 160);
  Collector sink;
  Counters counters;
  UtcClock utc;
  Pipeline pipeline({.source = "s", .ear = {}}, hearing_of(several, one_classifier(several), hop), utc, {},
                    sink, counters);
  pipeline.open(16'000);
  const std::vector<float> samples = noise(40'000);
  pipeline.push(samples);
  pipeline.finish();
  const auto predictions = sink.all<Prediction>();
  REQUIRE(predictions.size() == 4);  // 15 600 samples each, every 8000
  Classifier classifier(several, 1);
  FeatureExtractor extractor(several.recipe);
  std::vector<float> features(several.recipe.shape().size());
  std::vector<float> expected(3);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    CHECK(predictions[i].start_sample == i * hop);
    CHECK(predictions[i].end_sample == i * hop + 15'600);
    extractor.extract_clip(std::span(samples).subspan(i * hop, 15'600), features);
    REQUIRE(classifier.classify(features, expected));
    CHECK(predictions[i].scores == expected);
  }
  const float sum = expected[0] + expected[1] + expected[2];
  CHECK(std::abs(sum - 1.0F) > 0.05F);
}

TEST_CASE("samples that are no numbers become silence and are counted") {
  std::vector<float> samples = noise(kWindow);
  std::vector<float> silenced = samples;
  constexpr float kBad[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()};
  for (std::size_t i = 0; i < 30; ++i) {
    samples[1'000 * i] = kBad[i % 3];
    silenced[1'000 * i] = 0.0F;
  }
  Rig bad;
  bad.pipeline.open(44'100);
  bad.pipeline.push(samples);
  Rig good;
  good.pipeline.open(44'100);
  good.pipeline.push(silenced);
  check_equal(bad.sink.all<Prediction>(), good.sink.all<Prediction>());
  CHECK(bad.counters.bad_samples == 30);
  CHECK(good.counters.bad_samples == 0);
}

TEST_CASE("a quiet window is gated and has no scores; without a gate it is classified") {
  for (const bool gated : {true, false}) {
    Rig rig(gated ? std::optional(-60.0) : std::nullopt);
    rig.pipeline.open(44'100);
    rig.pipeline.push(noise(kWindow, 1e-5F));
    const auto predictions = rig.sink.all<Prediction>();
    REQUIRE(predictions.size() == 1);
    CHECK(predictions[0].gated == gated);
    CHECK(predictions[0].scores.empty() == gated);
    CHECK(predictions[0].level_dbfs < -60.0);
  }
}

TEST_CASE("a quiet window is classified while its source's gate is switched off, and then gated again") {
  Rig rig(-60.0);
  rig.pipeline.open(44'100);
  const std::vector<float> quiet = noise(kWindow + 3 * kHop, 1e-5F);
  const std::span<const float> samples(quiet);
  rig.pipeline.push(samples.first(kWindow));
  rig.counters.gates.switch_off({"another"});
  rig.pipeline.push(samples.subspan(kWindow, kHop));
  rig.counters.gates.switch_off({"s"});
  rig.pipeline.push(samples.subspan(kWindow + kHop, kHop));
  rig.counters.gates.switch_off({});
  rig.pipeline.push(samples.subspan(kWindow + 2 * kHop));
  const auto predictions = rig.sink.all<Prediction>();
  REQUIRE(predictions.size() == 4);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    CHECK(predictions[i].gated == (i != 2));
    CHECK(predictions[i].scores.empty() == (i != 2));
  }
}

TEST_CASE("gain comes before the level") {
  Rig plain;
  Collector sink;
  Counters counters;
  Pipeline pipeline({.source = "s", .ear = {.gain_db = 20.0, .gate_dbfs = {}}},
                    hearing_of(model(), classifiers(), kHop), plain.utc, plain.start, sink, counters);
  const std::vector<float> samples = noise(kWindow, 0.01F);
  pipeline.open(44'100);
  pipeline.push(samples);
  plain.pipeline.open(44'100);
  plain.pipeline.push(samples);
  CHECK(sink.all<Prediction>().at(0).level_dbfs ==
        Approx(plain.sink.all<Prediction>().at(0).level_dbfs + 20.0).margin(1e-3));
}

TEST_CASE("no window spans a loss, and the positions after it are exact") {
  const std::vector<float> samples = noise(kWindow + 100'000);
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.push(samples);
  rig.pipeline.lose(5'000, GapReason::overflow);
  rig.pipeline.push(samples);
  const auto gaps = rig.sink.all<Gap>();
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].start_sample == kWindow + 100'000);
  CHECK(gaps[0].samples == 5'000);
  CHECK(gaps[0].reason == GapReason::overflow);
  CHECK(rig.counters.dropped_samples == 5'000);
  const auto predictions = rig.sink.all<Prediction>();
  REQUIRE(predictions.size() == 10);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(predictions[i + 5].start_sample == kWindow + 105'000 + i * kHop);
    CHECK(predictions[i + 5].scores == predictions[i].scores);
  }
}

TEST_CASE("losses at another rate add up on the timeline without drift") {
  Rig rig;
  rig.pipeline.open(48'000);
  const std::vector<float> block = noise(479);
  for (int i = 0; i < 100; ++i) {
    rig.pipeline.push(block);
    rig.pipeline.lose(1, GapReason::overflow);
  }
  // 48 000 samples at 48 kHz are 44 100 at the model's rate; a loss shows as one sample at least.
  CHECK(rig.pipeline.position() >= 44'100);
  CHECK(rig.pipeline.position() <= 44'101);
  CHECK(rig.sink.all<Gap>().size() == 100);
}

TEST_CASE("while nobody listens the timeline goes on") {
  Rig rig;
  rig.pipeline.pass(0, GapReason::device);
  CHECK(rig.sink.all<Gap>().empty());
  rig.pipeline.open(44'100);
  rig.pipeline.push(noise(1'000));
  rig.pipeline.close();
  rig.pipeline.pass(44'100, GapReason::network);
  rig.pipeline.open(22'050);
  rig.pipeline.push(noise(500));
  rig.pipeline.close();
  const auto gaps = rig.sink.all<Gap>();
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].start_sample == 1'000);
  CHECK(gaps[0].samples == 44'100);
  CHECK(gaps[0].reason == GapReason::network);
  CHECK(rig.pipeline.position() == 46'100);
}

TEST_CASE("a window whose turn does not come in time is skipped; how many is told, and no audio is lost") {
  const std::vector<float> samples = noise(kWindow + 4 * kHop);
  const auto span = std::span(samples);
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.push_live(span.first(kWindow), BootClock::now());
  rig.pipeline.push_live(span.subspan(kWindow, 2 * kHop), BootClock::now() - 5100ms);
  rig.pipeline.push_live(span.subspan(kWindow + 2 * kHop), BootClock::now());
  const auto predictions = rig.sink.all<Prediction>();
  REQUIRE(predictions.size() == 3);
  CHECK(predictions[1].start_sample == 3 * kHop);
  const auto gaps = rig.sink.all<Gap>();
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].reason == GapReason::overload);
  CHECK(gaps[0].windows == 2);
  CHECK(gaps[0].samples == 0);
  CHECK(gaps[0].start_sample == kHop);
  CHECK(rig.counters.dropped_samples == 0);
  CHECK(rig.counters.sources.of("s")->skipped_windows == 2);
}

TEST_CASE("what a resampler still holds where live sound is lost or ends waits no longer than other windows") {
  // One classifier, for which windows of others, who had to skip more, always wait.
  const Model costly = costly_model();
  const auto pool = one_classifier(costly);
  const auto hearing = hearing_of(costly, pool, kHop);
  std::atomic<bool> over = false;
  std::vector<std::jthread> others;
  for (int i = 0; i < 12; ++i) {
    others.emplace_back([&] {
      std::vector<float> features(costly.recipe.shape().size());
      std::vector<float> scores(10);
      while (!over) (void)pool->classify(features, scores, {.skipped = 1'000'000, .patience = 10s});
    });
  }
  Collector sink;
  Counters counters;
  UtcClock utc;
  Pipeline pipeline({.source = "s", .ear = {}}, hearing, utc, BootClock::now(), sink, counters);
  pipeline.open(22'050);
  pipeline.push_live(noise(kWindow / 2), BootClock::now());  // what is still held of it completes the window
  CHECK(sink.all<Prediction>().empty());
  pipeline.lose(22'050, GapReason::device);
  over = true;
  REQUIRE(sink.all<Gap>().size() == 2);
  CHECK(sink.all<Gap>()[0].reason == GapReason::overload);
  CHECK(sink.all<Gap>()[0].windows == 1);
}

TEST_CASE("what was skipped is told when somebody asks for it, once") {
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.push_live(noise(kWindow + kHop), BootClock::now() - 6s);
  CHECK(rig.sink.all<Gap>().empty());
  rig.pipeline.tell_skipped();
  rig.pipeline.close();
  const auto gaps = rig.sink.all<Gap>();
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].windows == 2);
}

TEST_CASE("a window that is quiet costs nothing, and is told however late it is") {
  Rig rig(-20.0);
  rig.pipeline.open(44'100);
  rig.pipeline.push_live(noise(kWindow, 1e-3F), BootClock::now() - 1h);
  CHECK(rig.sink.all<Prediction>().size() == 1);
}

TEST_CASE("what is dropped is counted, and the timeline goes on where it is told to") {
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.push(noise(1'000));
  rig.pipeline.drop(500'000, 3'000, GapReason::overflow);
  CHECK(rig.pipeline.position() == 3'000);
  CHECK(rig.pipeline.position_after(10) == 3'010);
  const auto gaps = rig.sink.all<Gap>();
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].start_sample == 1'000);
  CHECK(gaps[0].samples == 2'000);
  CHECK(rig.counters.dropped_samples == 500'000);
}

TEST_CASE("a source that ends inside its first window yields that window padded, once") {
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.push(noise(100'000));
  rig.pipeline.finish();
  rig.pipeline.finish();
  const auto predictions = rig.sink.all<Prediction>();
  REQUIRE(predictions.size() == 1);
  CHECK(predictions[0].padded_samples == kWindow - 100'000);
  CHECK(predictions[0].end_sample == kWindow);
  Rig longer;
  longer.pipeline.open(44'100);
  longer.pipeline.push(noise(kWindow + 10));
  longer.pipeline.finish();
  CHECK(longer.sink.all<Prediction>().size() == 1);
}

TEST_CASE("live windows are timed by when they were heard") {
  Rig rig;
  rig.pipeline.open(44'100);
  rig.pipeline.clock().begin(0, rig.start + 1h);
  rig.pipeline.push_live(noise(kWindow + 44'100), BootClock::now());
  CHECK(rig.sink.all<Prediction>().at(0).time == rig.utc.at(rig.start) + 1h + 5s);
}

TEST_CASE("a stop is seen between two windows, whatever was given at once") {
  for (const int rate_hz : {44'100, 16'000}) {
    Rig rig;
    std::stop_source stop;
    rig.sink.on_message = [&](const Message&) { stop.request_stop(); };
    rig.pipeline.heed(stop.get_token());
    rig.pipeline.open(rate_hz);
    rig.pipeline.push(noise(static_cast<std::size_t>(rate_hz) * 60));
    CHECK(rig.sink.all<Prediction>().size() == 1);
    CHECK(rig.pipeline.position() == kWindow);
    rig.pipeline.lose(1'000, GapReason::overflow);
    rig.pipeline.close();
    CHECK(rig.sink.all<Gap>().empty());
    CHECK(rig.pipeline.position() == kWindow);
  }
}

TEST_CASE("a stop ends the wait for a turn, and the window that waited is told as skipped") {
  for (const bool live : {true, false}) {
    Collector sink;
    Counters counters;
    UtcClock utc;
    const auto none = std::make_shared<ClassifierPool>(classifiers()->network(), 0, 1);  // no turn ever comes
    Pipeline pipeline({.source = "s", .ear = {}}, hearing_of(model(), none, kHop), utc, BootClock::now(),
                      sink, counters);
    std::stop_source stop;
    pipeline.heed(stop.get_token());
    pipeline.open(44'100);
    std::jthread hearing([&] {
      const std::vector<float> samples = noise(kWindow + 10 * kHop);
      live ? pipeline.push_live(samples, BootClock::now() + 1h) : pipeline.push(samples);
      pipeline.close();
    });
    while (!pipeline.is_classifying()) std::this_thread::yield();
    stop.request_stop();
    hearing.join();
    CHECK(sink.all<Prediction>().empty());
    const auto gaps = sink.all<Gap>();
    REQUIRE(gaps.size() == 1);
    CHECK(gaps[0].reason == GapReason::overload);
    CHECK(gaps[0].windows == 1);
    CHECK(pipeline.position() == kWindow);
  }
}

}  // namespace earshot::test
