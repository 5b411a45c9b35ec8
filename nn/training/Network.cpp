#include "nn/training/Network.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/kernels/Bfloat16.h"
#include "nn/kernels/Processor.h"
#include "nn/training/ParameterStore.h"
#include "nn/training/Stage.h"

namespace earshot {
namespace {

/// What a stage keeps of a batch for the backward pass.
struct Kept {
  onednn::Buffer y;       ///< what the operation or merge gave
  onednn::Buffer pooled;  ///< if the epilogue pools
  onednn::Buffer output;  ///< instead of both, of a frozen stage that others read
  // Of an operation that takes a batch at once:
  onednn::Buffer inputs;
  onednn::Buffer y_gradients;
  onednn::Buffer input_gradients;
};

/// A thread's own memory, as large as the largest activation asks for.
struct Workspace {
  Worker worker;
  onednn::Buffer inputs[2];
  onednn::Buffer y;
  onednn::Buffer pooled;
  onednn::Buffer gradient;             ///< of an input that has one already
  std::deque<onednn::Buffer> outputs;  ///< by slot, where a sample goes through all stages at once
};

}  // namespace

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
    kept.resize(plan.stages.size());

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

  /// Calls `work(workspace, sample)` for 0 .. n - 1, each thread a run of neighbours.
  template <typename Work>
  void for_each_sample(std::size_t n, Work work) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::size_t sample = 0; sample < n; ++sample) {
      work(workspaces[onednn::thread_index()], sample);
    }
  }

  /// Whether a frozen stage's output is read by one that is not.
  bool is_border(std::size_t s) const {
    const Stage& stage = plan.stages[s];
    return stage.frozen && !plan.stages[static_cast<std::size_t>(stage.last_reader)].frozen;
  }

  /// Memory for a batch of n, kept for smaller ones.
  void reserve(std::size_t n) {
    if (n <= capacity) return;
    const auto bytes = [n](std::size_t floats) { return n * floats * sizeof(float); };
    std::vector<std::size_t> slots(plan.gradient_slots, 0);
    for (std::size_t s = 0; s < plan.stages.size(); ++s) {
      const Stage& stage = plan.stages[s];
      const std::size_t y_floats = stage.epilogue->input().floats();
      const std::size_t output_floats = stage.epilogue->output().floats();
      if (stage.needs_gradient || s + 1 == plan.stages.size()) {
        slots[stage.gradient_slot] = std::max(slots[stage.gradient_slot], output_floats);
      }
      if (is_border(s)) kept[s].output = onednn::Buffer(bytes(output_floats));
      if (stage.frozen) continue;
      kept[s].y = onednn::Buffer(bytes(y_floats));
      if (stage.epilogue->pools()) kept[s].pooled = onednn::Buffer(bytes(output_floats));
      if (!stage.takes_batch()) continue;
      const std::size_t input_floats = floats_of(stage.inputs.front());
      kept[s].inputs = onednn::Buffer(bytes(input_floats));
      kept[s].y_gradients = onednn::Buffer(bytes(y_floats));
      kept[s].input_gradients = onednn::Buffer(bytes(input_floats));
    }
    gradients.clear();
    for (const std::size_t floats : slots) gradients.emplace_back(bytes(floats));
    images = onednn::Buffer(bytes(architecture.input.size()));
    capacity = n;
  }

  std::size_t floats_of(int source) const {
    return source < 0 ? architecture.input.size()
                      : plan.stages[static_cast<std::size_t>(source)].epilogue->output().floats();
  }

  float* y_of(std::size_t s, std::size_t sample) const {
    return kept[s].y.floats() + sample * plan.stages[s].epilogue->input().floats();
  }
  float* pooled_of(std::size_t s, std::size_t sample) const {
    const Epilogue& epilogue = *plan.stages[s].epilogue;
    return epilogue.pools() ? kept[s].pooled.floats() + sample * epilogue.output().floats() : nullptr;
  }
  const float* source_of(std::size_t s, std::size_t sample) const {
    return plan.stages[s].epilogue->pools() ? pooled_of(s, sample) : y_of(s, sample);
  }
  float* gradient_of(std::size_t s, std::size_t sample) const {
    const Stage& stage = plan.stages[s];
    return gradients[stage.gradient_slot].floats() + sample * stage.epilogue->output().floats();
  }

  /// A stage's output if it lies in memory as it is, else null.
  const float* in_memory(int source, std::size_t sample) const {
    if (source < 0) return images.floats() + sample * architecture.input.size();
    const auto s = static_cast<std::size_t>(source);
    const Epilogue& epilogue = *plan.stages[s].epilogue;
    if (plan.stages[s].frozen) return kept[s].output.floats() + sample * epilogue.output().floats();
    return epilogue.empty() ? y_of(s, sample) : nullptr;
  }
  template <class Value>
  void activate(int source, std::size_t sample, Value* output) const {
    const auto s = static_cast<std::size_t>(source);
    plan.stages[s].epilogue->activate(source_of(s, sample), &keys[sample], output);
  }

  /// A stage's output; computed into `buffer` unless it lies in memory as it is.
  const float* output_of(int source, std::size_t sample, const onednn::Buffer& buffer) const {
    if (const float* own = in_memory(source, sample)) return own;
    activate(source, sample, buffer.floats());
    return buffer.floats();
  }
  const float* input_of(const Stage& stage, std::size_t which, Workspace& space, std::size_t sample) const {
    return output_of(stage.inputs[which], sample, space.inputs[which]);
  }

  const Bfloat16* rounded_input_of(const Stage& stage, Workspace& space, std::size_t sample) const {
    const int source = stage.inputs.front();
    const onednn::Buffer& buffer = space.inputs[0];
    if (const float* floats = in_memory(source, sample)) {
      round_to_bfloat16({floats, floats_of(source)}, buffer.bfloat16s());
    } else {
      activate(source, sample, buffer.bfloat16s());
    }
    return buffer.bfloat16s();
  }

  /// Inference of one sample through stages 0 .. count - 1; calls `after(stage, output)` after each.
  template <class After>
  void infer_sample(Workspace& space, const float* image, std::size_t count, After after) {
    for (std::size_t s = 0; s < count; ++s) {
      const Stage& stage = plan.stages[s];
      const auto input = [&](std::size_t which) {
        const int source = stage.inputs[which];
        return source < 0 ? image
                          : space.outputs[plan.stages[static_cast<std::size_t>(source)].output_slot].floats();
      };
      if (stage.merge) {
        stage.merge->forward(input(0), input(1), space.y.floats());
      } else {
        stage.operation->forward(space.worker, input(0), space.y.floats());
      }
      const float* source = space.y.floats();
      if (stage.epilogue->pools()) {
        stage.epilogue->pool(source, space.pooled.floats());
        source = space.pooled.floats();
      }
      float* output = space.outputs[stage.output_slot].floats();
      stage.epilogue->activate(source, nullptr, output);
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
      const float* image = images.floats() + sample * architecture.input.size();
      infer_sample(space, image, count, [&](std::size_t s, const float* output) {
        if (!is_border(s)) return;
        const std::size_t floats = plan.stages[s].epilogue->output().floats();
        std::copy_n(output, floats, kept[s].output.floats() + sample * floats);
      });
    });
  }

  void forward_stage(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    if (stage.operation) stage.operation->load_parameters(true);
    stage.epilogue->begin_batch(n);
    const auto observe = [&](std::size_t sample) {
      stage.epilogue->observe(sample, y_of(s, sample), pooled_of(s, sample));
    };
    if (stage.takes_batch()) {
      gather_inputs(s, n);
      stage.operation->forward_batch(n, kept[s].inputs.floats(), kept[s].y.floats());
      for_each_sample(n, [&](Workspace&, std::size_t sample) { observe(sample); });
    } else {
      for_each_sample(n, [&](Workspace& space, std::size_t sample) {
        float* y = y_of(s, sample);
        if (stage.merge) {
          stage.merge->forward(input_of(stage, 0, space, sample), input_of(stage, 1, space, sample), y);
        } else if (stage.takes_bfloat16()) {
          stage.operation->forward_bfloat16(space.worker, rounded_input_of(stage, space, sample), y);
        } else {
          stage.operation->forward(space.worker, input_of(stage, 0, space, sample), y);
        }
        observe(sample);
      });
    }
    stage.epilogue->finish_statistics();
  }

  void gather_inputs(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    const std::size_t floats = floats_of(stage.inputs.front());
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      std::copy_n(input_of(stage, 0, space, sample), floats, kept[s].inputs.floats() + sample * floats);
    });
  }

  /// Where the gradient of an input goes: its own memory at first, the workspace if it is to be added, null
  /// if nobody wants it. Readers come from the last to the first.
  struct Target {
    float* write = nullptr;
    float* sum = nullptr;  ///< to which `write` is added
    std::size_t floats = 0;
  };
  Target target_of(std::size_t reader, std::size_t which, Workspace& space, std::size_t sample) const {
    const Stage& stage = plan.stages[reader];
    const int source = stage.inputs[which];
    if (source < 0 || !plan.stages[static_cast<std::size_t>(source)].needs_gradient) return {};
    const auto s = static_cast<std::size_t>(source);
    float* own = gradient_of(s, sample);
    const bool first =
        plan.stages[s].last_reader == static_cast<int>(reader) && (which == 0 || stage.inputs[0] != source);
    if (first) return {.write = own};
    return {.write = space.gradient.floats(), .sum = own, .floats = floats_of(source)};
  }
  static void add_up(const Target& target) {
    if (target.sum == nullptr) return;
    for (std::size_t i = 0; i < target.floats; ++i) target.sum[i] += target.write[i];
  }

  /// After a sample's backward pass through `reader`: what is now complete gets its sums.
  void reduce_complete(std::size_t reader, std::size_t sample) {
    const Stage& stage = plan.stages[reader];
    for (std::size_t which = 0; which < stage.inputs.size(); ++which) {
      const int source = stage.inputs[which];
      if (source < 0 || (which == 1 && source == stage.inputs[0])) continue;
      const Stage& before = plan.stages[static_cast<std::size_t>(source)];
      if (before.needs_gradient && before.first_reader == static_cast<int>(reader)) {
        reduce(static_cast<std::size_t>(source), sample);
      }
    }
  }
  void reduce(std::size_t s, std::size_t sample) {
    plan.stages[s].epilogue->reduce(sample, source_of(s, sample), gradient_of(s, sample), keys[sample]);
  }

  /// The gradient of y: in `buffer`, or where the output's is if they are the same.
  const float* y_gradient_of(std::size_t s, std::size_t sample, float* buffer) const {
    const Stage& stage = plan.stages[s];
    const float* gradient = gradient_of(s, sample);
    if (stage.epilogue->empty()) return gradient;
    stage.epilogue->differentiate(y_of(s, sample), source_of(s, sample), gradient, keys[sample], buffer);
    return buffer;
  }

  const Bfloat16* rounded_y_gradient_of(std::size_t s, std::size_t sample, Bfloat16* buffer) const {
    const Epilogue& epilogue = *plan.stages[s].epilogue;
    const float* gradient = gradient_of(s, sample);
    if (epilogue.empty()) {
      round_to_bfloat16({gradient, epilogue.output().floats()}, buffer);
    } else {
      epilogue.differentiate(y_of(s, sample), source_of(s, sample), gradient, keys[sample], buffer);
    }
    return buffer;
  }

  void backward_stage(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    stage.epilogue->finish_reduction();
    if (stage.takes_batch()) return backward_batch(s, n);
    if (stage.operation) stage.operation->clear_gradients();
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      if (stage.merge) {
        backward_merge(stage, s, space, sample, y_gradient_of(s, sample, space.y.floats()));
      } else {
        backward_operation(stage, s, space, sample);
      }
      reduce_complete(s, sample);
    });
    if (stage.operation) stage.operation->store_gradients();
  }

  void backward_operation(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample) {
    const Target target = target_of(s, 0, space, sample);
    if (stage.takes_bfloat16()) {
      const Bfloat16* gradient = rounded_y_gradient_of(s, sample, space.y.bfloat16s());
      stage.operation->backward_bfloat16(space.worker, rounded_input_of(stage, space, sample), gradient,
                                         target.write);
    } else {
      const float* gradient = y_gradient_of(s, sample, space.y.floats());
      stage.operation->backward(space.worker, input_of(stage, 0, space, sample), gradient, target.write);
    }
    add_up(target);
  }

  /// One input after the other: both may go through the workspace.
  void backward_merge(const Stage& stage, std::size_t s, Workspace& space, std::size_t sample,
                      const float* gradient) {
    const float* first = input_of(stage, 0, space, sample);
    const float* second = input_of(stage, 1, space, sample);
    for (std::size_t which = 0; which < 2; ++which) {
      const Target target = target_of(s, which, space, sample);
      if (target.write == nullptr) continue;
      stage.merge->backward(first, second, gradient, which == 0 ? target.write : nullptr,
                            which == 1 ? target.write : nullptr);
      add_up(target);
    }
  }

  void backward_batch(std::size_t s, std::size_t n) {
    const Stage& stage = plan.stages[s];
    const std::size_t y_floats = stage.epilogue->input().floats();
    for_each_sample(n, [&](Workspace&, std::size_t sample) {
      float* own = kept[s].y_gradients.floats() + sample * y_floats;
      const float* gradient = y_gradient_of(s, sample, own);
      if (gradient != own) std::copy_n(gradient, y_floats, own);
    });
    const int source = stage.inputs.front();
    const bool wanted = source >= 0 && plan.stages[static_cast<std::size_t>(source)].needs_gradient;
    stage.operation->backward_batch(n, kept[s].inputs.floats(), kept[s].y_gradients.floats(),
                                    wanted ? kept[s].input_gradients.floats() : nullptr);
    if (!wanted) return;
    const std::size_t floats = floats_of(source);
    for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      const Target target = target_of(s, 0, space, sample);
      std::copy_n(kept[s].input_gradients.floats() + sample * floats, floats, target.write);
      add_up(target);
      reduce_complete(s, sample);
    });
  }

  void copy_logits(const float* from, std::size_t sample, std::span<float> logits) const {
    std::copy_n(from, classes, logits.begin() + static_cast<std::ptrdiff_t>(sample * classes));
  }

  Architecture architecture;
  ParameterStore parameters;
  int threads;
  std::size_t classes;
  StagePlan plan;
  std::vector<Kept> kept;  ///< by stage
  std::deque<Workspace> workspaces;

  std::size_t capacity = 0;
  onednn::Buffer images;
  std::vector<onednn::Buffer> gradients;  ///< of outputs, by slot
  std::vector<std::uint64_t> keys;
};

Network::Network(Architecture architecture, const Weights& weights, int threads, std::size_t frozen_layers,
                 Precision precision)
    : impl_(std::make_unique<Impl>(std::move(architecture), weights, threads, frozen_layers, precision)) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const Architecture& Network::architecture() const noexcept {
  return impl_->architecture;
}

void Network::infer(std::span<const float> images, std::size_t n, std::span<float> logits) {
  Impl& self = *impl_;
  assert(images.size() == n * self.architecture.input.size() && logits.size() == n * self.classes);
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
  assert(images.size() == n * self.architecture.input.size() && logits.size() == n * self.classes);
  onednn::use_threads(1);
  self.reserve(n);
  std::ranges::copy(images, self.images.floats());
  self.keys.assign(keys.begin(), keys.end());
  self.forward_frozen(n);
  const int last = static_cast<int>(self.plan.stages.size()) - 1;
  for (std::size_t s = self.frozen_stages(); s < self.plan.stages.size(); ++s) self.forward_stage(s, n);
  self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
    self.copy_logits(self.output_of(last, sample, space.inputs[0]), sample, logits);
  });
}

void Network::backward(std::span<const float> logit_gradients) {
  Impl& self = *impl_;
  const std::size_t n = self.keys.size();
  assert(logit_gradients.size() == n * self.classes);
  onednn::use_threads(1);
  const std::size_t last = self.plan.stages.size() - 1;
  const std::size_t padded = self.plan.stages[last].epilogue->output().floats();
  self.for_each_sample(n, [&](Workspace&, std::size_t sample) {
    float* gradient = self.gradient_of(last, sample);
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
