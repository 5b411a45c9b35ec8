// for_each_sample: every sample once, and what a thread throws reaches the caller.
#include <catch2/catch.hpp>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/training/Call.h"
#include "nn/training/ForEachSample.h"

namespace earshot::test {

TEST_CASE("for_each_sample takes every sample once, neighbours on one thread") {
  constexpr std::size_t kSamples = 10;
  std::vector<int> taken(kSamples, 0);
  std::vector<std::size_t> threads(kSamples, 0);
  for_each_sample(3, kSamples, [&](std::size_t thread, std::size_t sample) {
    ++taken[sample];
    threads[sample] = thread;
  });
  CHECK(taken == std::vector<int>(kSamples, 1));
  for (std::size_t i = 1; i < kSamples; ++i) CHECK(threads[i] >= threads[i - 1]);
  CHECK(threads.back() == 2);
}

TEST_CASE("a primitive that oneDNN refuses on a worker's thread ends in an error for whoever trains") {
  constexpr std::size_t kWorkers = 2;
  const auto desc = onednn::f32({2, 3}, dnnl::memory::format_tag::ab);
  const auto copy = onednn::reorder(desc, desc);
  Call without_output(dnnl::reorder(copy), copy.scratchpad_desc(), {{DNNL_ARG_FROM, desc}}, kWorkers);
  std::deque<Worker> workers(kWorkers);
  for (std::size_t i = 0; i < kWorkers; ++i) workers[i].index = i;
  const std::vector<float> from(6, 1.0F);
  try {
    for_each_sample(kWorkers, 8, [&](std::size_t thread, std::size_t) {
      without_output.bind(thread, DNNL_ARG_FROM, from.data());
      without_output.run(workers[thread]);
    });
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::software);
    CHECK(std::string(error.what()).find("oneDNN refused to compute") != std::string::npos);
  }
}

}  // namespace earshot::test
