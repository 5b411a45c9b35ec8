// Operation: a linear layer, one sample at a time: forward, backward, and its parameters in the layouts it
// likes.
#pragma once

#include <cstddef>

#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/Dnnl.h"
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
/// rest is for one thread, between passes. Each `input` and `output` (and its gradient) is one sample's, as
/// ActivationShape lays out the shapes that the operation was made for; an image, where it takes one, is
/// height x width. Whatever computes throws Error(software) if oneDNN refuses.
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
  /// and from one alone. Samples, each as above, lie one after the other.
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

/// What operations are made with; their shapes beside it.
struct OperationContext {
  const ParameterStore& parameters;
  std::size_t workers;
  bool from_image;  ///< the input is height x width x channels, not yet in the layout of activations
  Precision precision = Precision::f32;
};

}  // namespace earshot
