// Hearing: what all sources of a daemon hear with, which a reload replaces as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "nn/events/EventRules.h"
#include "nn/inference/ClassifierPool.h"
#include "nn/model/Model.h"

namespace earshot {

struct Hearing {
  std::shared_ptr<const Model> model;  ///< its weights may be gone: they are laid out in the classifiers
  std::shared_ptr<ClassifierPool> classifiers;
  std::uint64_t hop_samples = 0;
  std::optional<double>
      gate_dbfs;  ///< of a source without a gate of its own; quieter windows are gated, nothing: none is
  std::shared_ptr<const EventRules> events = nullptr;  ///< the model's; nothing: no events

  /// With the very same model, classifiers and rules.
  bool operator==(const Hearing&) const = default;
};

}  // namespace earshot
