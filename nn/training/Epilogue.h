// Epilogue: what follows a linear layer, in one pass over memory: [ReLU before a norm] [BatchNorm]
// [activation] [MaxPool] [Dropout].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/kernels/ActivationShape.h"
#include "nn/model/Architecture.h"
#include "nn/training/EpilogueLoops.h"
#include "nn/training/ParameterStore.h"
#include "nn/training/PooledMoments.h"

namespace earshot {

/// Each part may be absent; their order is fixed.
struct EpilogueParts {
  bool rectify = false;  ///< a ReLU between the linear layer and the norm
  std::optional<BatchNorm> norm;
  std::string norm_name;
  std::optional<float> slope;                 ///< of a LeakyReLU; 0: ReLU
  std::optional<Activation::Function> curve;  ///< swish or sigmoid instead; no pooling then
  int pool = 1;
  float dropout_rate = 0.0F;
  bool dropout_whole = false;
  std::uint64_t dropout_part = 0;  ///< tells this Dropout's keys from others'
};

/// Max pooling commutes with whatever is monotonic: it is done first, on the linear layer's output y, for
/// each channel the maximum or (gamma < 0) the minimum, and only what it keeps is normalised and activated.
/// "picked" below is that pooled y, or y itself without pooling. Only y and what is picked are saved; the
/// rest is computed again where needed.
///
/// Pointers are to one sample, laid out as ActivationShape says: y and its gradient as input(), the others as
/// output().
///
/// The calls that take a sample's number may run at the same time for different samples.
class Epilogue {
 public:
  Epilogue(const EpilogueParts& parts, const FeatureShape& input, const FeatureShape& output,
           const ParameterStore& parameters);

  /// Does nothing at all: output is y.
  bool empty() const noexcept { return empty_; }
  bool pools() const noexcept { return parts_.pool > 1; }
  bool normalises() const noexcept { return parts_.norm.has_value(); }
  const ActivationShape& input() const noexcept { return input_; }
  const ActivationShape& output() const noexcept { return output_; }

  // Training, forward: begin_batch, observe each sample, finish_statistics (which updates the running ones),
  // activate.
  void begin_batch(std::size_t samples);
  /// `pooled` (may be null without pooling) becomes what is picked.
  void observe(std::size_t sample, const float* y, float* pooled);
  void finish_statistics();

  // Measuring: begin_measuring; for each batch begin_batch, observe each sample, add_batch (whose statistics
  // then stand in for the running ones), activate without a key; finish_measuring makes what all batches have
  // together the running statistics.
  void begin_measuring();
  void add_batch();
  void finish_measuring();

  /// Inference instead: the running statistics; then pool and activate.
  void use_running_statistics();
  void pool(const float* y, float* pooled) const;

  /// picked -> output, of float or Bfloat16; `key` is the sample's, null at inference and in measuring.
  template <class Value>
  void activate(const float* picked, const std::uint64_t* key, Value* output) const;

  // Training, backward: reduce each sample, finish_reduction (which gives the gradients of gamma and beta),
  // differentiate.
  void reduce(std::size_t sample, const float* picked, const float* output_gradient, std::uint64_t key);
  void finish_reduction();
  /// -> `y_gradient`, of float or Bfloat16. `picked` is y itself without pooling.
  template <class Value>
  void differentiate(const float* y, const float* picked, const float* output_gradient, std::uint64_t key,
                     Value* y_gradient) const;

 private:
  /// By channel, padded ones included: z = (picked - mean) scale + beta.
  struct Normalisation {
    float *mean, *scale, *beta, *inverse_deviation;
  };
  // What the loops are given; `key` as activate() has it.
  epilogue::Pass pass(const std::uint64_t* key) const;
  epilogue::DropoutMask mask(const std::uint64_t* key) const;
  /// Lanes beyond the last channel, where 1 / (1 + exp(0)) would not be the zero that they hold.
  template <class Value>
  void clear_padding(Value* output) const;
  void read_signs();
  /// Of the batch that was observed; weighed by samples.
  PooledMoments moments_of_batch(std::size_t channel) const;
  void normalise(const Normalisation& to, std::size_t channel, double mean, double variance) const;

  EpilogueParts parts_;
  ActivationShape input_;
  ActivationShape output_;
  bool empty_;
  std::size_t samples_ = 0;

  Parameter gamma_, beta_, moving_mean_, moving_variance_;  ///< without norm: empty

  // By channel. dL/dy = scale dL/dz + offset_gradient + (y - mean) slope_gradient.
  onednn::Buffer coefficients_;  ///< all of them
  Normalisation batch_, running_;
  float *sign_, *offset_gradient_, *slope_gradient_;

  std::vector<PooledMoments> measured_;  ///< over the batches so far

  // By sample and channel.
  onednn::Buffer shift_;                  ///< near the mean, so that sums of squares keep their digits
  std::vector<double> sum_, sum_square_;  ///< of y - shift; backward: of dL/dz and of dL/dz (picked - mean)
};

}  // namespace earshot
