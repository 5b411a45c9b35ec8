// The books of a source: whatever comes, what the messages tell adds up to the sample.
#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/hearing/LiveFeed.h"
#include "daemon/hearing/Pipeline.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/BookCheck.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/TestHearing.h"
#include "tests/daemon/TestModel.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kBookWindow = 15'600;
constexpr std::uint64_t kBookHop = 7'680;
constexpr double kBookGate = -40.0;

struct BookedPipeline {
  BookedPipeline()
      : pipeline({.source = "s", .ear = {.gate_dbfs = kBookGate}},
                 hearing_of(small_yamnet(), pool(), kBookHop), utc, BootClock::now(), sink, counters) {
    sink.on_message = [this](const Message& message) { check.take(message); };
  }
  static std::shared_ptr<ClassifierPool> pool() {
    static const auto classifiers = one_classifier(small_yamnet());
    return classifiers;
  }
  void end() { sink.publish(SourceChange{"s", SourceState::ended, "", pipeline.position()}); }

  BookCheck check{kBookWindow, kBookHop};
  Collector sink;
  Counters counters;
  UtcClock utc;
  Pipeline pipeline;
};

/// Loud enough to be classified, or quiet enough to be gated.
std::vector<float> book_noise(KeyedRandom& random, std::size_t samples) {
  const float amplitude = random.below(3) == 0 ? 1e-4F : 0.3F;
  std::vector<float> result(samples);
  for (float& sample : result) sample = amplitude * static_cast<float>(random.uniform(-1.0, 1.0));
  return result;
}

/// The messages of one source, made up.
struct BookLines {
  BookCheck check{kBookWindow, kBookHop};
  BookLines& predict(std::uint64_t start, std::uint64_t padded = 0) {
    Prediction prediction;
    prediction.source = "s";
    prediction.start_sample = start;
    prediction.end_sample = start + kBookWindow;
    prediction.padded_samples = padded;
    check.take(prediction);
    return *this;
  }
  BookLines& skip(std::uint64_t start, std::uint64_t windows) {
    check.take(Gap{"s", start, 0, GapReason::overload, windows, kBookHop});
    return *this;
  }
  BookLines& lose(std::uint64_t start, std::uint64_t samples) {
    check.take(Gap{"s", start, samples, GapReason::network, 0});
    return *this;
  }
  BookLines& end(std::uint64_t at) {
    check.take(SourceChange{"s", SourceState::ended, "", at});
    return *this;
  }
};

}  // namespace

TEST_CASE("books that add up are told from those that do not") {
  constexpr std::uint64_t h = kBookHop;
  constexpr std::uint64_t w = kBookWindow;
  BookLines good;
  good.predict(0).skip(h, 2).predict(3 * h).lose(3 * h + w + 100, 1'000);
  const std::uint64_t from = 3 * h + w + 1'100;
  good.predict(from).lose(from + w, 1).lose(from + w + 3, 5).end(from + w + 20);
  CHECK(good.check.problems().empty());
  const BookTotals& totals = good.check.totals("s");
  CHECK(totals.predictions == 3);
  CHECK(totals.skipped == 2);
  CHECK(totals.gaps == 3);
  CHECK(totals.lost_samples == 1'006);
  // Before the gaps two hop positions each, as a window is two hops and a bit; then one in each of the short
  // pieces.
  CHECK(totals.not_whole == 2 + 2 + 1 + 1);
  CHECK(totals.samples() == from + w + 20);

  BookLines padded;
  padded.predict(0, w - 9'000).end(9'000);
  CHECK(padded.check.problems().empty());
  CHECK(padded.check.totals("s").samples() == 9'000);

  const auto has_problem = [](BookLines& line) { return !line.check.problems().empty(); };
  CHECK(has_problem(BookLines().predict(h)));                        // where is the first one?
  CHECK(has_problem(BookLines().predict(0).predict(2 * h)));         // one is missing
  CHECK(has_problem(BookLines().predict(0).predict(0)));             // twice
  CHECK(has_problem(BookLines().predict(0).skip(h, 1).predict(h)));  // skipped, and yet there
  CHECK(has_problem(BookLines().predict(0).skip(0, 1)));             // there, and yet skipped
  CHECK(has_problem(BookLines().predict(0).skip(h, 0)));
  CHECK(has_problem(BookLines().predict(0).lose(h + w, 10)));  // a whole window before the gap is not told of
  CHECK(has_problem(BookLines().predict(0).lose(w - 1, 10)));  // a window spans the gap
  CHECK(has_problem(BookLines().skip(0, 1).lose(w - 1, 10)));
  CHECK(has_problem(BookLines().predict(0).lose(w, 0)));
  CHECK(has_problem(BookLines().predict(0).lose(w, 10).predict(w + 9)));
  CHECK(has_problem(BookLines().predict(0).end(h + w)));
  CHECK(has_problem(BookLines().predict(0).end(w).predict(h)));
  CHECK(has_problem(BookLines().predict(0, 100).end(w)));  // padded, and yet longer
}

TEST_CASE("a stream's lines add up like its messages, and lost or missing ones are named") {
  const auto take = [](BookCheck& check, const char* line) {
    check.take(boost::json::parse(line).as_object());
  };
  const char* hello = R"({"type":"hello","instance":"a","window_samples":10,"hop_samples":4})";
  const char* first = R"({"type":"prediction","seq":1,"source":"s","start_sample":0,"end_sample":10})";
  const char* skipped =
      R"({"type":"gap","seq":2,"source":"s","start_sample":4,"samples":0,"reason":"overload","windows":2,"hop_samples":4})";
  const char* gap = R"({"type":"gap","seq":3,"source":"s","start_sample":19,"samples":6,"reason":"device"})";
  const char* end = R"({"type":"source","seq":4,"source":"s","state":"ended","detail":"","end_sample":27})";
  BookCheck whole;
  for (const char* line : {hello, first, R"({"type":"subscribed","first_seq":1})", first, skipped, gap, end})
    take(whole, line);
  take(whole, R"({"type":"hello","instance":"b","window_samples":10,"hop_samples":4})");
  take(whole, first);
  CHECK(whole.problems().empty());
  CHECK(whole.sources().size() == 1);
  CHECK(whole.totals("s").predictions == 1);
  const char* shorter = R"({"type":"hello","instance":"a","window_samples":10,"hop_samples":3})";
  const char* by_four = R"({"type":"prediction","seq":2,"source":"s","start_sample":4,"end_sample":14})";
  const char* by_three = R"({"type":"prediction","seq":3,"source":"s","start_sample":7,"end_sample":17})";
  const char* stops = R"({"type":"source","seq":4,"source":"s","state":"ended","detail":"","end_sample":19})";
  BookCheck reloaded;
  for (const char* line : {hello, first, shorter, by_four, by_three, stops}) take(reloaded, line);
  CHECK(reloaded.problems() == "");
  CHECK(reloaded.totals("s").samples() == 19);
  for (const auto& lines : std::vector<std::vector<const char*>>{
           {hello, first, gap, end},
           {hello, first, by_four, by_three},
           {hello, skipped},
           {hello, R"({"type":"subscribed","first_seq":2})"},
           {hello, first, skipped, R"({"type":"lost","from_seq":3,"to_seq":3,"messages":1})"},
           {hello, first, skipped, end,
            R"({"type":"hello","instance":"b","window_samples":10,"hop_samples":4})"}}) {
    BookCheck check;
    for (const char* line : lines) take(check, line);
    CHECK_FALSE(check.problems().empty());
  }
}

TEST_CASE("whatever is pushed, skipped, lost, dropped and opened anew, hops and samples add up") {
  BookTotals all;
  for (std::uint64_t key = 0; key < 40; ++key) {
    KeyedRandom random(key);
    BookedPipeline booked;
    Pipeline& pipeline = booked.pipeline;
    bool open = false;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t what = random.below(12);
      const std::size_t samples = 1 + random.below(random.below(4) == 0 ? 100 : 60'000);
      if (!open) {
        if (what < 3) pipeline.pass(random.below(50'000), GapReason::device);
        constexpr int kRates[] = {8'000, 16'000, 44'100, 48'000};
        pipeline.open(kRates[random.below(4)]);
        open = true;
      } else if (what < 3) {
        pipeline.push(book_noise(random, samples));
      } else if (what < 5) {
        pipeline.push_live(book_noise(random, samples), BootClock::now() + 1h);
      } else if (what < 8) {
        pipeline.push_live(book_noise(random, samples), BootClock::now() - 1h);  // skipped unless it is quiet
      } else if (what == 8) {
        pipeline.lose(random.below(30'000), GapReason::overflow);
      } else if (what == 9) {
        pipeline.drop(samples, pipeline.position_after(0) + 1 + random.below(20'000), GapReason::overflow);
      } else if (what == 10) {
        pipeline.close();
        open = false;
      }
    }
    if (random.below(2) == 0) {
      pipeline.finish();
      if (random.below(2) == 0)
        pipeline.pass(random.below(100), GapReason::device);  // as a damaged file's end
    } else {
      pipeline.close();
    }
    booked.end();
    INFO("key " << key);
    CHECK(booked.check.problems() == "");
    const BookTotals& totals = booked.check.totals("s");
    CHECK(totals.samples() == pipeline.position());
    CHECK(totals.predictions == booked.counters.predictions);
    CHECK(totals.skipped == booked.counters.sources.of("s")->skipped_windows);
    all.predictions += totals.predictions;
    all.skipped += totals.skipped;
    all.not_whole += totals.not_whole;
    all.gaps += totals.gaps;
  }
  CHECK(all.predictions > 1'000);
  CHECK(all.skipped > 500);
  CHECK(all.not_whole > 500);
  CHECK(all.gaps > 300);
}

TEST_CASE("a source that ends inside its first window adds up, padded") {
  for (const std::size_t samples : {1UL, 7'679UL, 7'680UL, 9'000UL, 15'599UL, 15'600UL}) {
    BookedPipeline booked;
    booked.pipeline.open(16'000);
    booked.pipeline.push(std::vector<float>(samples, 0.1F));
    booked.pipeline.finish();
    booked.end();
    CHECK(booked.check.problems() == "");
    CHECK(booked.check.totals("s").predictions == 1);
    CHECK(booked.check.totals("s").samples() == samples);
  }
}

TEST_CASE("live sound that pauses, hurries, comes late and breaks off adds up") {
  std::uint64_t gaps = 0;
  for (std::uint64_t key = 0; key < 40; ++key) {
    KeyedRandom random(key);
    BookedPipeline booked;
    LiveFeed feed(booked.pipeline, GapReason::network, LiveFeed::Haste::dropped);
    BootClock::time_point now = BootClock::now() + 1h;  // so that nothing is skipped
    constexpr int kRate = 16'000;
    feed.begin(kRate, now, random.below(2) == 0);
    for (int step = 0; step < 200; ++step) {
      const std::uint64_t what = random.below(20);
      const auto block = std::chrono::milliseconds(20 + random.below(200));
      const auto samples = static_cast<std::size_t>(block.count() * kRate / 1'000);
      if (what < 14) {
        now += block;
        feed.push(book_noise(random, samples), now);
      } else if (what < 16) {  // a burst
        for (int i = 0; i < 12; ++i) feed.push(book_noise(random, samples), now += 1ms);
      } else if (what == 16) {
        for (std::uint64_t i = random.below(60); i > 0; --i) feed.tick(now += 50ms);
      } else if (what == 17) {
        feed.lose(random.below(8'000), GapReason::overflow);
      } else if (what == 18) {
        feed.end();
        now += std::chrono::milliseconds(random.below(3'000));
        feed.begin(kRate, now, true);
      }
    }
    feed.finish();
    booked.end();
    INFO("key " << key);
    CHECK(booked.check.problems() == "");
    CHECK(booked.check.totals("s").samples() == booked.pipeline.position());
    gaps += booked.check.totals("s").gaps;
  }
  CHECK(gaps > 100);
}

TEST_CASE("a stop at any moment leaves nothing untold that was taken") {
  std::uint64_t predictions = 0;
  for (std::uint64_t key = 0; key < 300; ++key) {
    BookedPipeline booked;
    std::stop_source stop;
    booked.pipeline.heed(stop.get_token());
    booked.pipeline.open(16'000);
    std::atomic<std::size_t> pushed{0};
    std::jthread pushing([&] {
      KeyedRandom random(key);
      const std::vector<float> quiet(1 + random.below(4'000), 1e-5F);
      while (!stop.stop_requested()) {
        booked.pipeline.push(quiet);
        pushed += quiet.size();
      }
      booked.pipeline.lose(10, GapReason::overflow);
      booked.pipeline.close();
      booked.end();
    });
    while (pushed < key * 100) std::this_thread::yield();
    stop.request_stop();
    pushing.join();
    INFO("key " << key);
    CHECK(booked.check.problems() == "");
    CHECK(booked.check.totals("s").samples() == booked.pipeline.position());
    predictions += booked.check.totals("s").predictions;
  }
  CHECK(predictions > 100);
}

}  // namespace earshot::test
