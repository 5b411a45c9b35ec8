#include "nn/training/Network.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/kernels/Processor.h"
#include "nn/training/BatchMemory.h"
#include "nn/training/ForEachSample.h"
#include "nn/training/ParameterStore.h"
#include "nn/training/Stage.h"

namespace earshot {

struct Network::Impl {
  Impl(Architecture a, const Weights& weights, int threads_, std::size_t frozen_layers, Precision precision)
      : architecture(std::move(a)),
        parameters(architecture, weights, frozen_layers),
        threads(threads_),
        classes(static_cast<std::size_t>(class_count(architecture))) {
    if (precision == Precision::bf16 && !has_avx512()) {
      throw Error(ExitCode::unavailable, "bf16 needs a processor with AVX-512, this one has none");
    }
    onednn::use_threads(1);
    const auto workers = static_cast<std::size_t>(threads);
    plan = plan_stages(architecture, parameters, workers, frozen_layers, precision);
    batch.emplace(plan, architecture.input.size());

    std::size_t scratch = 64;
    std::size_t largest = 0;
    std::vector<std::size_t> slots(plan.output_slots, 0);
    for (const Stage& stage : plan.stages) {
      if (stage.operation) scratch = std::max(scratch, stage.operation->scratch_bytes());
      largest = std::max(largest, stage.epilogue->input().floats());
      slots[stage.output_slot] = std::max(slots[stage.output_slot], stage.epilogue->output().floats());
    }
    for (std::size_t i = 0; i < workers; ++i) {
      Workspace& space = workspaces.emplace_back();
      space.worker.index = i;
      space.worker.scratch = onednn::Buffer(scratch);
      for (onednn::Buffer* buffer :
           {&space.inputs[0], &space.inputs[1], &space.y, &space.pooled, &space.gradient}) {
        *buffer = onednn::Buffer(largest * sizeof(float));
      }
      for (const std::size_t floats : slots) space.outputs.emplace_back(floats * sizeof(float));
    }
  }

  /// Calls `work(workspace, sample)` for 0 .. n - 1, each thread a run of neighbours. Throws what they throw.
  template <class Work>
  void for_each_sample(std::size_t n, Work work) {
    earshot::for_each_sample(
        threads, n, [&](std::size_t thread, std::size_t sample) { work(workspaces[thread], sample); });
  }

  /// Inference of one sample through stages 0 .. count - 1; calls `after(stage, output)` after each.
  template <class After>
  void infer_sample(Workspace& space, const float* image, std::size_t count, After after) {
    for (std::size_t s = 0; s < count; ++s) {
      const Stage& stage = plan.stages[s];
      const auto input = [&](std::size_t which) {
        const int read = stage.inputs[which];
        return read < 0 ? image
                        : space.outputs[plan.stages[static_cast<std::size_t>(read)].output_slot].floats();
      };
      if (stage.merge) {
        stage.merge->forward(input(0), input(1), space.y.floats());
      } else {
        stage.operation->forward(space.worker, input(0), space.y.floats());
      }
      const float* picked = space.y.floats();
      if (stage.epilogue->pools()) {
        stage.epilogue->pool(picked, space.pooled.floats());
        picked = space.pooled.floats();
      }
      float* output = space.outputs[stage.output_slot].floats();
      stage.epilogue->activate(picked, nullptr, output);
      after(s, output);
    }
  }

  void prepare_inference(std::size_t count) {
    for (std::size_t s = 0; s < count; ++s) {
      const Stage& stage = plan.stages[s];
      if (stage.operation) stage.operation->load_parameters(false);
      stage.epilogue->use_running_statistics();
    }
  }

  /// Frozen stages come first: their layers do.
  std::size_t frozen_stages() const {
    std::size_t count = 0;
    while (count < plan.stages.size() && plan.stages[count].frozen) ++count;
    return count;
  }

  void forward_frozen(std::size_t n) {
    const std::size_t count = frozen_stages();
    if (count == 0) return;
    prepare_inference(count);
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      const float* image = batch->image(sample);
      infer_sample(space, image, count, [&](std::size_t s, const float* output) {
        if (!batch->is_border(s)) return;
        const std::size_t floats = plan.stages[s].epilogue->output().floats();
        std::copy_n(output, floats, batch->kept_output_of(s, sample));
      });
    });
  }

  void forward_stage(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    if (stage.operation) stage.operation->load_parameters(true);
    stage.epilogue->begin_batch(n);
    const auto observe = [&](std::size_t sample) {
      stage.epilogue->observe(sample, batch->y_of(s, sample), batch->pooled_of(s, sample));
    };
    if (stage.takes_batch()) {
      gather_inputs(s, n);
      stage.operation->forward_batch(n, batch->batch_inputs(s), batch->y_of(s, 0));
      for_each_sample(n, [&](Workspace&, std::size_t sample) { observe(sample); });
    } else {
      for_each_sample(n, [&](Workspace& space, std::size_t sample) {
        float* y = batch->y_of(s, sample);
        if (stage.merge) {
          stage.merge->forward(batch->input_of(stage, 0, space, sample),
                               batch->input_of(stage, 1, space, sample), y);
        } else if (stage.takes_bfloat16()) {
          stage.operation->forward_bfloat16(space.worker, batch->rounded_input_of(stage, space, sample), y);
        } else {
          stage.operation->forward(space.worker, batch->input_of(stage, 0, space, sample), y);
        }
        observe(sample);
      });
    }
    stage.epilogue->finish_statistics();
  }

  void gather_inputs(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    const std::size_t floats = batch->floats_of(stage.inputs.front());
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      std::copy_n(batch->input_of(stage, 0, space, sample), floats, batch->batch_inputs(s) + sample * floats);
    });
  }

  /// After a sample's backward pass through `reader`: what is now complete gets its sums.
  void reduce_complete(std::size_t reader, std::size_t sample) {
    const Stage& stage = plan.stages[reader];
    for (std::size_t which = 0; which < stage.inputs.size(); ++which) {
      const int read = stage.inputs[which];
      if (read < 0 || (which == 1 && read == stage.inputs[0])) continue;
      const Stage& before = plan.stages[static_cast<std::size_t>(read)];
      if (before.needs_gradient && before.first_reader == static_cast<int>(reader)) {
        reduce(static_cast<std::size_t>(read), sample);
      }
    }
  }
  void reduce(std::size_t s, std::size_t sample) {
    plan.stages[s].epilogue->reduce(sample, batch->picked_of(s, sample), batch->gradient_of(s, sample),
                                    batch->key(sample));
  }

  void backward_stage(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    stage.epilogue->finish_reduction();
    if (stage.takes_batch()) return backward_batch(s, n);
    if (stage.operation) stage.operation->clear_gradients();
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      if (stage.merge) {
        backward_merge(stage, s, space, sample, batch->y_gradient_of(s, sample, space.y.floats()));
      } else {
        backward_operation(stage, s, space, sample);
      }
      reduce_complete(s, sample);
    });
    if (stage.operation) stage.operation->store_gradients();
  }

  void backward_operation(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample) {
    const BatchMemory::Target target = batch->target_of(s, 0, space, sample);
    if (stage.takes_bfloat16()) {
      const Bfloat16* gradient = batch->rounded_y_gradient_of(s, sample, space.y.bfloat16s());
      stage.operation->backward_bfloat16(space.worker, batch->rounded_input_of(stage, space, sample),
                                         gradient, target.write);
    } else {
      const float* gradient = batch->y_gradient_of(s, sample, space.y.floats());
      stage.operation->backward(space.worker, batch->input_of(stage, 0, space, sample), gradient,
                                target.write);
    }
    target.add_up();
  }

  /// One input after the other: both may go through the workspace.
  void backward_merge(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample,
                      const float* gradient) {
    const float* first = batch->input_of(stage, 0, space, sample);
    const float* second = batch->input_of(stage, 1, space, sample);
    for (std::size_t which = 0; which < 2; ++which) {
      const BatchMemory::Target target = batch->target_of(s, which, space, sample);
      if (target.write == nullptr) continue;
      stage.merge->backward(first, second, gradient, which == 0 ? target.write : nullptr,
                            which == 1 ? target.write : nullptr);
      target.add_up();
    }
  }

  void backward_batch(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    const std::size_t y_floats = stage.epilogue->input().floats();
    for_each_sample(n, [&](Workspace&, std::size_t sample) {
      float* own = batch->batch_y_gradients(s) + sample * y_floats;
      const float* gradient = batch->y_gradient_of(s, sample, own);
      if (gradient != own) std::copy_n(gradient, y_floats, own);
    });
    const int read = stage.inputs.front();
    const bool wanted = read >= 0 && plan.stages[static_cast<std::size_t>(read)].needs_gradient;
    stage.operation->backward_batch(n, batch->batch_inputs(s), batch->batch_y_gradients(s),
                                    wanted ? batch->batch_input_gradients(s) : nullptr);
    if (!wanted) return;
    const std::size_t floats = batch->floats_of(read);
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      const BatchMemory::Target target = batch->target_of(s, 0, space, sample);
      std::copy_n(batch->batch_input_gradients(s) + sample * floats, floats, target.write);
      target.add_up();
      reduce_complete(s, sample);
    });
  }

  static void expect_size(const char* what, std::size_t found, std::size_t expected) {
    if (found == expected) return;
    throw Error(ExitCode::software, std::string("training: found ") + std::to_string(found) + " values of " +
                                        what + ", expected " + std::to_string(expected));
  }

  void copy_logits(const float* from, std::size_t sample, std::span<float> logits) const {
    std::copy_n(from, classes, logits.begin() + static_cast<std::ptrdiff_t>(sample * classes));
  }

  Architecture architecture;
  ParameterStore parameters;
  int threads;
  std::size_t classes;
  StagePlan plan;
  std::optional<BatchMemory> batch;
  std::deque<Workspace> workspaces;
};

Network::Network(Architecture architecture, const Weights& weights, int threads, std::size_t frozen_layers,
                 Precision precision) {
  try {
    impl_ = std::make_unique<Impl>(std::move(architecture), weights, threads, frozen_layers, precision);
  } catch (const dnnl::error& error) {
    throw Error(ExitCode::unavailable,
                std::string("training: oneDNN cannot make the network: ") + error.what());
  }
}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const Architecture& Network::architecture() const noexcept {
  return impl_->architecture;
}

void Network::infer(std::span<const float> images, std::size_t n, std::span<float> logits) {
  Impl& self = *impl_;
  self.expect_size("images", images.size(), n * self.architecture.input.size());
  self.expect_size("logits", logits.size(), n * self.classes);
  onednn::use_threads(1);
  const std::size_t count = self.plan.stages.size();
  self.prepare_inference(count);
  self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
    const float* image = images.data() + sample * self.architecture.input.size();
    self.infer_sample(space, image, count, [&](std::size_t s, const float* output) {
      if (s + 1 == count) self.copy_logits(output, sample, logits);
    });
  });
}

void Network::forward(std::span<const float> images, std::span<const std::uint64_t> keys,
                      std::span<float> logits) {
  Impl& self = *impl_;
  const std::size_t n = keys.size();
  self.expect_size("images", images.size(), n * self.architecture.input.size());
  self.expect_size("logits", logits.size(), n * self.classes);
  onednn::use_threads(1);
  self.batch->begin(images, keys);
  self.forward_frozen(n);
  const int last = static_cast<int>(self.plan.stages.size()) - 1;
  for (std::size_t s = self.frozen_stages(); s < self.plan.stages.size(); ++s) self.forward_stage(s, n);
  self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
    self.copy_logits(self.batch->output_of(last, sample, space.inputs[0]), sample, logits);
  });
}

void Network::backward(std::span<const float> logit_gradients) {
  Impl& self = *impl_;
  const std::size_t n = self.batch->samples();
  self.expect_size("gradients of logits", logit_gradients.size(), n * self.classes);
  onednn::use_threads(1);
  const std::size_t last = self.plan.stages.size() - 1;
  const std::size_t padded = self.plan.stages[last].epilogue->output().floats();
  self.for_each_sample(n, [&](Workspace&, std::size_t sample) {
    float* gradient = self.batch->gradient_of(last, sample);
    std::fill_n(gradient, padded, 0.0F);
    std::copy_n(logit_gradients.data() + sample * self.classes, self.classes, gradient);
    self.reduce(last, sample);
  });
  for (std::size_t s = last + 1; s-- > 0;) {
    if (self.plan.stages[s].needs_gradient) self.backward_stage(s, n);
  }
}

std::span<const Parameter> Network::parameters() noexcept {
  return impl_->parameters.trainable();
}

std::span<const Parameter> Network::tensors() const noexcept {
  return impl_->parameters.all();
}

double Network::l2_penalty() const {
  double penalty = 0.0;
  for (const Parameter& parameter : impl_->parameters.trainable()) {
    if (parameter.spec->l2 == 0.0F) continue;
    double sum = 0.0;
    for (const float value : parameter.value) sum += static_cast<double>(value) * static_cast<double>(value);
    penalty += static_cast<double>(parameter.spec->l2) * sum;
  }
  return penalty;
}

Weights Network::weights() const {
  return impl_->parameters.weights();
}

void Network::set_weights(const Weights& weights) {
  validate(weights, impl_->architecture);
  impl_->parameters.set(weights);
}

}  // namespace earshot
