// SourceRig: what a source of a test needs around it. All windows are gated, so that none costs time.
#pragma once

#include <cstdint>
#include <memory>

#include "daemon/capture/Source.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/TestHearing.h"
#include "tests/daemon/TestModel.h"

namespace earshot::test {

inline constexpr std::uint64_t kShortHop = 512;  // samples

class SourceRig {
 public:
  static constexpr std::uint64_t kWindow = 220'500;  // at 44 100 Hz

  explicit SourceRig(std::uint64_t hop_samples, CaptureOpener* microphones = nullptr)
      : context{.hearing = hearing_of(model(), classifiers(), hop_samples),
                .utc = utc,
                .sink = sink,
                .counters = counters,
                .microphones = microphones} {}

  Collector sink;
  Counters counters;
  UtcClock utc;
  const SourceContext context;

 private:
  static const Model& model() {
    static const Model untrained = untrained_model();
    return untrained;
  }
  static std::shared_ptr<ClassifierPool> classifiers() {
    static const auto pool = one_classifier(model());
    return pool;
  }
};

}  // namespace earshot::test
