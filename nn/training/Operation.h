// Operation: a linear layer, one sample at a time: forward, backward, and its parameters in the layouts it
// likes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/Dnnl.h"
#include "nn/model/Architecture.h"
#include "nn/training/ParameterStore.h"
#include "nn/training/Precision.h"

namespace earshot {

/// One thread of a network. Threads share no sample: each runs one-thread primitives, which keeps what it
/// works on in its own cache and makes a sample's bits independent of the batch around it.
struct Worker {
  std::size_t index = 0;
  dnnl::stream stream{onednn::engine()};
  onednn::Buffer scratch;  ///< oneDNN's scratchpad, the largest that any operation asks for
};

/// Constructed under onednn::use_threads(1). Workers may run forward() and backward() at the same time; the
/// rest is for one thread, between passes. Activations are laid out as ActivationShape says.
class Operation {
 public:
  virtual ~Operation() = default;

  /// Parameters -> the layouts of the primitives; those of backward() only if `training`.
  virtual void load_parameters(bool training) { static_cast<void>(training); }
  virtual void forward(Worker& worker, const float* input, float* output) = 0;

  virtual void clear_gradients() {}
  /// Adds to the worker's parameter gradients; overwrites `input_gradient` unless it is null.
  virtual void backward(Worker& worker, const float* input, const float* output_gradient,
                        float* input_gradient) = 0;
  /// All workers' parameter gradients, in order of their index -> Parameter::gradient.
  virtual void store_gradients() {}

  /// Whether it wants a batch at once in training: then, instead of forward() and backward(), on all threads
  /// and from one alone. Samples lie one after the other.
  virtual bool takes_batch() const { return false; }
  virtual void forward_batch(std::size_t samples, const float* inputs, float* outputs);
  /// Overwrites Parameter::gradient, and `input_gradients` unless it is null.
  virtual void backward_batch(std::size_t samples, const float* inputs, const float* output_gradients,
                              float* input_gradients);

  /// Whether training gives it activations and the gradients of its output in bfloat16: then, instead of
  /// forward() and backward().
  virtual bool takes_bfloat16() const { return false; }
  virtual void forward_bfloat16(Worker& worker, const Bfloat16* input, float* output);
  virtual void backward_bfloat16(Worker& worker, const Bfloat16* input, const Bfloat16* output_gradient,
                                 float* input_gradient);

  virtual std::size_t scratch_bytes() const { return 0; }
};

/// A primitive with its arguments, one copy a worker.
class Call {
 public:
  using Arguments = std::vector<std::pair<int, dnnl::memory::desc>>;
  Call(dnnl::primitive primitive, const dnnl::memory::desc& scratchpad, const Arguments& arguments,
       std::size_t workers);

  void bind(std::size_t worker, int argument, const void* data);
  void run(Worker& worker);
  std::size_t scratch_bytes() const { return scratch_bytes_; }

 private:
  dnnl::primitive primitive_;
  std::vector<std::unordered_map<int, dnnl::memory>> arguments_;  ///< by worker
  std::size_t scratch_bytes_;
};

/// A kernel or bias in Keras' layout, with channels added that hold zeros: without AVX-512 oneDNN has only
/// its reference for channels that do not fill a register.
class WidenedParameter {
 public:
  /// Nothing: no parameter.
  WidenedParameter() = default;
  /// `rows` x `inputs` x `filters` -> `rows` x `wide_inputs` x `wide_filters`. As it is, if they are the
  /// same.
  WidenedParameter(const Parameter& parameter, std::size_t inputs, std::size_t filters,
                   std::size_t wide_inputs, std::size_t wide_filters);

  /// What primitives are given; they live as long as this, wherever it moves.
  std::span<float> value() noexcept { return widens_ ? std::span<float>(value_) : parameter_.value; }
  std::span<float> gradient() noexcept { return widens_ ? std::span<float>(gradient_) : parameter_.gradient; }

  void widen_value();
  void narrow_gradient();

 private:
  template <class Visit>
  void for_each_row(Visit visit) const;

  Parameter parameter_;
  bool widens_ = false;
  std::size_t inputs_ = 0, filters_ = 0, wide_inputs_ = 0, wide_filters_ = 0;
  std::vector<float> value_;
  std::vector<float> gradient_;
};

/// A parameter in Keras' layout and the same in that of a primitive.
class LaidOutParameter {
 public:
  LaidOutParameter(std::span<float> keras, const dnnl::memory::desc& keras_desc,
                   const dnnl::memory::desc& desc);
  void from_keras();
  void to_keras();
  float* data() const noexcept { return buffer_.floats(); }
  std::size_t floats() const noexcept { return buffer_.bytes() / sizeof(float); }

 private:
  void run(const dnnl::reorder::primitive_desc& how, dnnl::memory& from, dnnl::memory& to);

  onednn::Buffer buffer_;
  dnnl::memory keras_;
  dnnl::memory own_;
  dnnl::reorder::primitive_desc in_;
  dnnl::reorder::primitive_desc out_;
  onednn::Buffer scratch_;
};

/// Gradients that workers add up apart.
class GradientSums {
 public:
  GradientSums(std::size_t floats, std::size_t workers);
  /// Where a primitive writes one sample's gradient; whole vectors may be written.
  float* sample(std::size_t worker) const { return sample_[worker].floats(); }
  void clear();
  void add_sample(std::size_t worker);
  /// Sum over workers -> `total`.
  void collect(float* total) const;

 private:
  std::size_t floats_;
  std::vector<onednn::Buffer> sample_;
  std::vector<onednn::Buffer> sum_;
};

struct OperationContext {
  const ParameterStore& parameters;
  std::size_t workers;
  bool from_image;  ///< the input is height x width x channels, not yet in the layout of activations
  Precision precision = Precision::f32;
};

/// Whether an operation for `layer` can take an image as it is.
bool takes_image(const Layer& layer, const FeatureShape& image);
/// `layer` must be none that an Epilogue or a Merge does.
std::unique_ptr<Operation> make_operation(const Layer& layer, const FeatureShape& input,
                                          const FeatureShape& output, const OperationContext& context);
/// Copies an activation, or an image into the layout of activations.
std::unique_ptr<Operation> make_copy(const FeatureShape& shape, const OperationContext& context);

}  // namespace earshot
