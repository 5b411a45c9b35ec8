// What pipelines of tests hear with.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "daemon/hearing/Hearing.h"

namespace earshot::test {

/// `model` outlives it.
inline std::shared_ptr<const Hearing> hearing_of(const Model& model,
                                                 std::shared_ptr<ClassifierPool> classifiers,
                                                 std::uint64_t hop_samples,
                                                 std::shared_ptr<const EventRules> events = nullptr) {
  return std::make_shared<const Hearing>(
      Hearing{.model = std::shared_ptr<const Model>(std::shared_ptr<const Model>(), &model),
              .classifiers = std::move(classifiers),
              .hop_samples = hop_samples,
              .gate_dbfs = 0.0,
              .events = std::move(events)});
}

inline std::shared_ptr<ClassifierPool> one_classifier(const Model& model) {
  return std::make_shared<ClassifierPool>(prepare_network(model), 1, 1);
}

}  // namespace earshot::test
