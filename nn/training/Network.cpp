#include "nn/training/Network.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/kernels/Processor.h"
#include "nn/training/BackwardPass.h"
#include "nn/training/BatchMemory.h"
#include "nn/training/ParameterStore.h"
#include "nn/training/Stage.h"
#include "nn/training/Workspace.h"

namespace earshot {

struct Network::Impl {
  Impl(Architecture a, const Weights& weights, int threads, std::size_t frozen_layers, Precision precision)
      : architecture(std::move(a)),
        parameters(architecture, weights, frozen_layers),
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

  /// What comes before a stage's epilogue, in floats; `input(which)` gives what the stage reads.
  template <class Input>
  static void run_linear(const Stage& stage, Workspace& space, Input input, float* y) {
    if (stage.merge) {
      stage.merge->forward(input(0), input(1), y);
    } else {
      stage.operation->forward(space.worker, input(0), y);
    }
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
      run_linear(stage, space, input, space.y.floats());
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
    for_each_sample(workspaces, n, [&](Workspace& space, std::size_t sample) {
      const float* image = batch->image(sample);
      infer_sample(space, image, count, [&](std::size_t s, const float* output) {
        if (!batch->is_border(s)) return;
        const std::size_t floats = plan.stages[s].epilogue->output().floats();
        std::copy_n(output, floats, batch->kept_output_of(s, sample));
      });
    });
  }

  /// What a stage reads of the batch, for run_linear().
  auto kept_input(const Stage& stage, Workspace& space, std::size_t sample) const {
    return [this, &stage, &space, sample](std::size_t which) {
      return batch->input_of(stage, which, space, sample);
    };
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
      for_each_sample(workspaces, n, [&](Workspace&, std::size_t sample) { observe(sample); });
    } else {
      for_each_sample(workspaces, n, [&](Workspace& space, std::size_t sample) {
        float* y = batch->y_of(s, sample);
        if (stage.takes_bfloat16()) {
          stage.operation->forward_bfloat16(space.worker, batch->rounded_input_of(stage, space, sample), y);
        } else {
          run_linear(stage, space, kept_input(stage, space, sample), y);
        }
        observe(sample);
      });
    }
    stage.epilogue->finish_statistics();
  }

  /// Behind the last stage whose statistics can be measured; frozen_stages() if there is none.
  std::size_t end_of_measuring() const {
    std::size_t end = plan.stages.size();
    while (end > frozen_stages() && !plan.stages[end - 1].epilogue->normalises()) --end;
    return end;
  }

  void measure_stage(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    if (stage.operation) stage.operation->load_parameters(false);
    stage.epilogue->begin_batch(n);
    for_each_sample(workspaces, n, [&](Workspace& space, std::size_t sample) {
      float* y = batch->y_of(s, sample);
      run_linear(stage, space, kept_input(stage, space, sample), y);
      stage.epilogue->observe(sample, y, batch->pooled_of(s, sample));
    });
    stage.epilogue->add_batch();
  }

  void gather_inputs(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    const std::size_t floats = batch->floats_of(stage.inputs.front());
    for_each_sample(workspaces, n, [&](Workspace& space, std::size_t sample) {
      std::copy_n(batch->input_of(stage, 0, space, sample), floats, batch->batch_inputs(s) + sample * floats);
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
  for_each_sample(self.workspaces, n, [&](Workspace& space, std::size_t sample) {
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
  self.batch->begin(images, n, keys);
  self.forward_frozen(n);
  const int last = static_cast<int>(self.plan.stages.size()) - 1;
  for (std::size_t s = self.frozen_stages(); s < self.plan.stages.size(); ++s) self.forward_stage(s, n);
  for_each_sample(self.workspaces, n, [&](Workspace& space, std::size_t sample) {
    self.copy_logits(self.batch->output_of(last, sample, space.inputs[0]), sample, logits);
  });
}

void Network::backward(std::span<const float> logit_gradients) {
  Impl& self = *impl_;
  self.expect_size("gradients of logits", logit_gradients.size(), self.batch->samples() * self.classes);
  onednn::use_threads(1);
  BackwardPass(self.plan, *self.batch, self.workspaces).run(logit_gradients, self.classes);
}

void Network::measure_statistics(std::size_t batches,
                                 const std::function<std::span<const float>(std::size_t)>& images_of) {
  Impl& self = *impl_;
  const std::size_t first = self.frozen_stages();
  const std::size_t end = self.end_of_measuring();
  if (batches == 0 || first == end) return;
  const std::span stages = std::span(self.plan.stages).subspan(first, end - first);
  onednn::use_threads(1);
  for (const Stage& stage : stages) stage.epilogue->begin_measuring();
  for (std::size_t b = 0; b < batches; ++b) {
    const std::span<const float> images = images_of(b);
    const std::size_t n = images.size() / self.architecture.input.size();
    self.expect_size("images", images.size(), std::max<std::size_t>(1, n) * self.architecture.input.size());
    self.batch->begin(images, n, {});
    self.forward_frozen(n);
    for (std::size_t s = first; s < end; ++s) self.measure_stage(s, n);
  }
  for (const Stage& stage : stages) stage.epilogue->finish_measuring();
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
