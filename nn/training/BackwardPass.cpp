#include "nn/training/BackwardPass.h"

#include <algorithm>

namespace earshot {

void BackwardPass::run(std::span<const float> logit_gradients, std::size_t classes) {
  const std::size_t last = plan_.stages.size() - 1;
  const std::size_t padded = plan_.stages[last].epilogue->output().floats();
  for_each_sample(workspaces_, batch_.samples(), [&](Workspace&, std::size_t sample) {
    float* gradient = batch_.gradient_of(last, sample);
    std::fill_n(gradient, padded, 0.0F);
    std::copy_n(logit_gradients.data() + sample * classes, classes, gradient);
    reduce(last, sample);
  });
  for (std::size_t s = last + 1; s-- > 0;) {
    if (plan_.stages[s].needs_gradient) backward_stage(s);
  }
}

void BackwardPass::reduce_complete(std::size_t reader, std::size_t sample) {
  const Stage& stage = plan_.stages[reader];
  for (std::size_t which = 0; which < stage.inputs.size(); ++which) {
    const int read = stage.inputs[which];
    if (read < 0 || (which == 1 && read == stage.inputs[0])) continue;
    const Stage& before = plan_.stages[static_cast<std::size_t>(read)];
    if (before.needs_gradient && before.first_reader == static_cast<int>(reader)) {
      reduce(static_cast<std::size_t>(read), sample);
    }
  }
}

void BackwardPass::reduce(std::size_t s, std::size_t sample) {
  plan_.stages[s].epilogue->reduce(sample, batch_.picked_of(s, sample), batch_.gradient_of(s, sample),
                                  batch_.key(sample));
}

void BackwardPass::backward_stage(std::size_t s) {
  const Stage& stage = plan_.stages[s];
  stage.epilogue->finish_reduction();
  if (stage.takes_batch()) return backward_batch(s);
  if (stage.operation) stage.operation->clear_gradients();
  for_each_sample(workspaces_, batch_.samples(), [&](Workspace& space, std::size_t sample) {
    if (stage.merge) {
      backward_merge(stage, s, space, sample, batch_.y_gradient_of(s, sample, space.y.floats()));
    } else {
      backward_operation(stage, s, space, sample);
    }
    reduce_complete(s, sample);
  });
  if (stage.operation) stage.operation->store_gradients();
}

void BackwardPass::backward_operation(const Stage& stage, std::size_t s, Workspace& space,
                                      std::size_t sample) {
  const BatchMemory::Target target = batch_.target_of(s, 0, space, sample);
  if (stage.takes_bfloat16()) {
    const Bfloat16* gradient = batch_.rounded_y_gradient_of(s, sample, space.y.bfloat16s());
    stage.operation->backward_bfloat16(space.worker, batch_.rounded_input_of(stage, space, sample), gradient,
                                       target.write);
  } else {
    const float* gradient = batch_.y_gradient_of(s, sample, space.y.floats());
    stage.operation->backward(space.worker, batch_.input_of(stage, 0, space, sample), gradient, target.write);
  }
  target.add_up();
}

// One input after the other: both may go through the workspace.
void BackwardPass::backward_merge(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample,
                                  const float* gradient) {
  const float* first = batch_.input_of(stage, 0, space, sample);
  const float* second = batch_.input_of(stage, 1, space, sample);
  for (std::size_t which = 0; which < 2; ++which) {
    const BatchMemory::Target target = batch_.target_of(s, which, space, sample);
    if (target.write == nullptr) continue;
    stage.merge->backward(first, second, gradient, which == 0 ? target.write : nullptr,
                          which == 1 ? target.write : nullptr);
    target.add_up();
  }
}

void BackwardPass::backward_batch(std::size_t s) {
  const Stage& stage = plan_.stages[s];
  const std::size_t y_floats = stage.epilogue->input().floats();
  for_each_sample(workspaces_, batch_.samples(), [&](Workspace&, std::size_t sample) {
    float* own = batch_.batch_y_gradients(s) + sample * y_floats;
    const float* gradient = batch_.y_gradient_of(s, sample, own);
    if (gradient != own) std::copy_n(gradient, y_floats, own);
  });
  const int read = stage.inputs.front();
  const bool wanted = read >= 0 && plan_.stages[static_cast<std::size_t>(read)].needs_gradient;
  stage.operation->backward_batch(batch_.samples(), batch_.batch_inputs(s), batch_.batch_y_gradients(s),
                                  wanted ? batch_.batch_input_gradients(s) : nullptr);
  if (!wanted) return;
  const std::size_t floats = batch_.floats_of(read);
  for_each_sample(workspaces_, batch_.samples(), [&](Workspace& space, std::size_t sample) {
    const BatchMemory::Target target = batch_.target_of(s, 0, space, sample);
    std::copy_n(batch_.batch_input_gradients(s) + sample * floats, floats, target.write);
    target.add_up();
    reduce_complete(s, sample);
  });
}

}  // namespace earshot
