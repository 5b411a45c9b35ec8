#include "nn/Network.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "nn/Epilogue.h"
#include "nn/Operation.h"
#include "nn/ParameterStore.h"

namespace earshot {
namespace {

/// A linear layer and what follows it.
struct Stage {
  std::unique_ptr<Operation> operation;
  std::unique_ptr<Epilogue> epilogue;
  onednn::Buffer y;       ///< of every sample: what the operation gave
  onednn::Buffer pooled;  ///< of every sample, if the epilogue pools

  float* y_of(std::size_t sample) const { return y.floats() + sample * epilogue->input().floats(); }
  float* pooled_of(std::size_t sample) const {
    return epilogue->pools() ? pooled.floats() + sample * epilogue->output().floats() : nullptr;
  }
  const float* source_of(std::size_t sample) const {
    return epilogue->pools() ? pooled_of(sample) : y_of(sample);
  }
  bool has_parameters() const { return operation->has_parameters() || epilogue->has_parameters(); }
};

/// A thread's own memory, as large as the largest activation asks for.
struct Workspace {
  Worker worker;
  onednn::Buffer input;
  onednn::Buffer output;
  onednn::Buffer pooled;
};

/// Place in an epilogue; linear layers have none.
std::optional<int> epilogue_place(const LayerKind& kind) {
  if (std::holds_alternative<BatchNorm>(kind)) return 0;
  if (std::holds_alternative<LeakyRelu>(kind)) return 1;
  if (std::holds_alternative<MaxPool2d>(kind)) return 2;
  if (std::holds_alternative<Dropout>(kind)) return 3;
  return std::nullopt;
}

void add_to_epilogue(const Layer& layer, std::size_t index, EpilogueParts& parts) {
  if (const auto* norm = std::get_if<BatchNorm>(&layer.kind)) {
    parts.norm = *norm;
    parts.norm_name = layer.name;
  } else if (const auto* relu = std::get_if<LeakyRelu>(&layer.kind)) {
    parts.slope = relu->slope;
  } else if (const auto* pool = std::get_if<MaxPool2d>(&layer.kind)) {
    parts.pool = pool->size;
  } else if (const auto* dropout = std::get_if<Dropout>(&layer.kind)) {
    parts.dropout_rate = dropout->rate;
    parts.dropout_part = index;
  }
}

std::vector<Stage> make_stages(const Architecture& architecture, const ParameterStore& parameters,
                               std::size_t workers) {
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  const std::vector<Layer>& layers = architecture.layers;
  std::vector<Stage> stages;
  FeatureShape shape = architecture.input;
  OperationContext context{.parameters = parameters, .workers = workers, .from_image = true};

  if (!takes_image(layers.front(), shape)) {
    Stage& stage = stages.emplace_back();
    stage.operation = make_copy(shape, context);
    stage.epilogue = std::make_unique<Epilogue>(EpilogueParts{}, shape, shape, parameters);
    context.from_image = false;
  }
  for (std::size_t i = 0; i < layers.size();) {
    Stage& stage = stages.emplace_back();
    FeatureShape linear = shape;
    if (epilogue_place(layers[i].kind)) {
      stage.operation = make_copy(shape, context);
    } else {
      linear = shapes[i];
      stage.operation = make_operation(layers[i], shape, linear, context);
      ++i;
    }
    context.from_image = false;
    EpilogueParts parts;
    shape = linear;
    for (int last = -1; i < layers.size(); ++i) {
      const std::optional<int> place = epilogue_place(layers[i].kind);
      if (!place || *place <= last) break;
      last = *place;
      add_to_epilogue(layers[i], i, parts);
      shape = shapes[i];
    }
    stage.epilogue = std::make_unique<Epilogue>(parts, linear, shape, parameters);
  }
  return stages;
}

}  // namespace

struct Network::Impl {
  Impl(Architecture a, const Weights& weights, int threads_)
      : architecture(std::move(a)),
        parameters(architecture, weights),
        threads(threads_),
        classes(static_cast<std::size_t>(class_count(architecture))) {
    onednn::use_threads(1);
    stages = make_stages(architecture, parameters, static_cast<std::size_t>(threads));
    while (first_trained + 1 < stages.size() && !stages[first_trained].has_parameters()) ++first_trained;

    std::size_t scratch = 0;
    std::size_t largest = 0;
    for (const Stage& stage : stages) {
      scratch = std::max(scratch, stage.operation->scratch_bytes());
      largest = std::max(largest, stage.epilogue->input().floats());
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(threads); ++i) {
      Workspace& space = workspaces.emplace_back();
      space.worker.index = i;
      space.worker.scratch = onednn::Buffer(std::max(scratch, std::size_t{64}));
      for (onednn::Buffer* buffer : {&space.input, &space.output, &space.pooled}) {
        *buffer = onednn::Buffer(largest * sizeof(float));
      }
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

  /// Memory for a batch of n, kept for smaller ones.
  void reserve(std::size_t n) {
    if (n <= capacity) return;
    const auto bytes = [n](std::size_t floats) { return n * floats * sizeof(float); };
    std::size_t gradient[2] = {0, 0};
    for (std::size_t s = 0; s < stages.size(); ++s) {
      Stage& stage = stages[s];
      stage.y = onednn::Buffer(bytes(stage.epilogue->input().floats()));
      if (stage.epilogue->pools()) stage.pooled = onednn::Buffer(bytes(stage.epilogue->output().floats()));
      gradient[s % 2] = std::max(gradient[s % 2], stage.epilogue->output().floats());
    }
    for (std::size_t i = 0; i < 2; ++i) gradients[i] = onednn::Buffer(bytes(gradient[i]));
    images = onednn::Buffer(bytes(architecture.input.size()));
    capacity = n;
  }

  float* gradient_of(std::size_t stage, std::size_t sample) const {
    return gradients[stage % 2].floats() + sample * stages[stage].epilogue->output().floats();
  }

  /// Input of a stage; computed into the workspace unless it lies in memory as it is.
  const float* input_of(std::size_t stage, Workspace& space, std::size_t sample) const {
    if (stage == 0) return images.floats() + sample * architecture.input.size();
    const Stage& before = stages[stage - 1];
    if (before.epilogue->empty()) return before.y_of(sample);
    before.epilogue->activate(before.source_of(sample), &keys[sample], space.input.floats());
    return space.input.floats();
  }

  void copy_logits(const float* from, std::size_t sample, std::span<float> logits) const {
    std::copy_n(from, classes, logits.begin() + static_cast<std::ptrdiff_t>(sample * classes));
  }

  Architecture architecture;
  ParameterStore parameters;
  int threads;
  std::size_t classes;
  std::vector<Stage> stages;
  std::size_t first_trained = 0;  ///< nothing before it has parameters
  std::deque<Workspace> workspaces;

  std::size_t capacity = 0;
  onednn::Buffer images;
  onednn::Buffer gradients[2];  ///< of the outputs of even and odd stages
  std::vector<std::uint64_t> keys;
};

Network::Network(Architecture architecture, const Weights& weights, int threads)
    : impl_(std::make_unique<Impl>(std::move(architecture), weights, threads)) {}
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
  for (Stage& stage : self.stages) {
    stage.operation->load_parameters(false);
    stage.epilogue->use_running_statistics();
  }
  self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
    const float* input = images.data() + sample * self.architecture.input.size();
    for (Stage& stage : self.stages) {
      const float* source = space.output.floats();
      stage.operation->forward(space.worker, input, space.output.floats());
      if (stage.epilogue->pools()) {
        stage.epilogue->pool(source, space.pooled.floats());
        source = space.pooled.floats();
      }
      stage.epilogue->activate(source, nullptr, space.input.floats());
      input = space.input.floats();
    }
    self.copy_logits(input, sample, logits);
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
  for (std::size_t s = 0; s < self.stages.size(); ++s) {
    Stage& stage = self.stages[s];
    stage.operation->load_parameters(true);
    stage.epilogue->begin_batch(n);
    self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      stage.operation->forward(space.worker, self.input_of(s, space, sample), stage.y_of(sample));
      stage.epilogue->observe(sample, stage.y_of(sample), stage.pooled_of(sample));
    });
    stage.epilogue->finish_statistics();
  }
  self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
    self.copy_logits(self.input_of(self.stages.size(), space, sample), sample, logits);
  });
}

void Network::backward(std::span<const float> logit_gradients) {
  Impl& self = *impl_;
  const std::size_t n = self.keys.size();
  assert(logit_gradients.size() == n * self.classes);
  onednn::use_threads(1);
  const auto reduce = [&self](std::size_t s, std::size_t sample) {
    const Stage& stage = self.stages[s];
    stage.epilogue->reduce(sample, stage.source_of(sample), self.gradient_of(s, sample), self.keys[sample]);
  };

  const std::size_t last = self.stages.size() - 1;
  const std::size_t padded = self.stages[last].epilogue->output().floats();
  self.for_each_sample(n, [&](Workspace&, std::size_t sample) {
    float* gradient = self.gradient_of(last, sample);
    std::fill_n(gradient, padded, 0.0F);
    std::copy_n(logit_gradients.data() + sample * self.classes, self.classes, gradient);
    reduce(last, sample);
  });
  for (std::size_t s = last + 1; s-- > self.first_trained;) {
    Stage& stage = self.stages[s];
    stage.epilogue->finish_reduction();
    stage.operation->clear_gradients();
    self.for_each_sample(n, [&](Workspace& space, std::size_t sample) {
      const float* gradient = self.gradient_of(s, sample);
      if (!stage.epilogue->empty()) {
        stage.epilogue->differentiate(stage.y_of(sample), stage.source_of(sample), gradient,
                                      self.keys[sample], space.output.floats());
        gradient = space.output.floats();
      }
      float* input_gradient = s > self.first_trained ? self.gradient_of(s - 1, sample) : nullptr;
      stage.operation->backward(space.worker, self.input_of(s, space, sample), gradient, input_gradient);
      if (input_gradient != nullptr) reduce(s - 1, sample);
    });
    stage.operation->store_gradients();
  }
}

std::span<const Parameter> Network::parameters() noexcept {
  return impl_->parameters.trainable();
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
