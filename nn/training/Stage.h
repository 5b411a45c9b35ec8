// Stage: what a network computes between two stores to memory: a linear layer or a merge, and its epilogue.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "nn/training/Epilogue.h"
#include "nn/training/Merge.h"
#include "nn/training/Operation.h"

namespace earshot {

struct Stage {
  static constexpr int kImage = -1;

  std::unique_ptr<Operation> operation;  ///< or `merge`
  std::optional<Merge> merge;
  std::unique_ptr<Epilogue> epilogue;
  std::vector<int> inputs;  ///< earlier stages, or kImage; two for a merge
  bool frozen = false;      ///< of frozen layers only

  // By liveness: buffers that stages share.
  std::size_t output_slot = 0;    ///< of the output, where a sample goes through all stages at once
  std::size_t gradient_slot = 0;  ///< of the gradient of the output
  int first_reader = 0;           ///< stages that read the output; the last stage: its own number
  int last_reader = 0;

  bool trained = false;         ///< has parameters that are trained
  bool needs_gradient = false;  ///< trained, or something before it is

  bool takes_batch() const { return operation && operation->takes_batch(); }
  bool takes_bfloat16() const { return operation && operation->takes_bfloat16(); }
};

struct StagePlan {
  std::vector<Stage> stages;
  std::size_t output_slots = 0;
  std::size_t gradient_slots = 0;
};

/// Throws Error(bad_data) if `frozen_layers` leaves nothing to train. Call under onednn::use_threads(1).
StagePlan plan_stages(const Architecture& architecture, const ParameterStore& parameters, std::size_t workers,
                      std::size_t frozen_layers, Precision precision);

}  // namespace earshot
