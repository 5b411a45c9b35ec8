// BackwardPass: from the gradients of a batch's logits to those of every parameter.
#pragma once

#include <cstddef>
#include <deque>
#include <span>

#include "nn/training/BatchMemory.h"
#include "nn/training/Stage.h"
#include "nn/training/Workspace.h"

namespace earshot {

/// For one pass, under onednn::use_threads(1). Throws Error(software) if oneDNN refuses.
class BackwardPass {
 public:
  /// `batch` has what the forward pass left. All of it must outlive this.
  BackwardPass(const StagePlan& plan, BatchMemory& batch, std::deque<Workspace>& workspaces)
      : plan_(plan), batch_(batch), workspaces_(workspaces) {}

  /// `logit_gradients` samples x classes -> every Parameter::gradient, overwritten.
  void run(std::span<const float> logit_gradients, std::size_t classes);

 private:
  /// After a sample's pass through `reader`: what is now complete gets its sums.
  void reduce_complete(std::size_t reader, std::size_t sample);
  void reduce(std::size_t s, std::size_t sample);
  void backward_stage(std::size_t s);
  void backward_operation(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample);
  void backward_merge(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample,
                      const float* gradient);
  void backward_batch(std::size_t s);

  const StagePlan& plan_;
  BatchMemory& batch_;
  std::deque<Workspace>& workspaces_;
};

}  // namespace earshot
