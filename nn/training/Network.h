// Network: the trainable form of an architecture: forward, backward, parameters, running statistics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"
#include "nn/training/Parameter.h"
#include "nn/training/Precision.h"

namespace earshot {

/// Not thread safe; each call works on `threads` threads, a sample on each. The same seed, thread count and
/// machine give the same bits.
class Network {
 public:
  /// The first `frozen_layers` layers are not trained and always in inference mode: running statistics, no
  /// dropout. Throws Error(bad_data) if weights and architecture do not fit or nothing is left to train.
  /// Memory for a batch is allocated when one that large is first seen, and kept. Precision::bf16 needs
  /// has_avx512(), else Error(unavailable), which is also what a network that oneDNN cannot make ends in;
  /// infer() and frozen layers compute in floats with it too.
  Network(Architecture architecture, const Weights& weights, int threads, std::size_t frozen_layers = 0,
          Precision precision = Precision::f32);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  const Architecture& architecture() const noexcept;

  // What follows and computes throws Error(software) if a span has another size, or if oneDNN refuses; then
  // nothing of the batch is to be used.

  /// Inference: running statistics, no dropout. `images` n x height x width x channels -> `logits` n x
  /// classes.
  void infer(std::span<const float> images, std::size_t n, std::span<float> logits);

  /// Training: batch statistics (and running ones updated), dropout. `keys[i]` (n of them) seeds the dropout
  /// of sample i: same key and layer, same mask, whatever the batch around it. Keeps what backward() needs.
  void forward(std::span<const float> images, std::span<const std::uint64_t> keys, std::span<float> logits);

  /// `logit_gradients` n x classes of the last forward() -> every Parameter::gradient, overwritten.
  void backward(std::span<const float> logit_gradients);

  /// The running statistics of every BatchNorm that is not frozen become mean and biased variance of all that
  /// it is given of all images, with the weights as they are. images_of(0 .. batches - 1) gives a batch, one
  /// image at least, valid until its next call. It is one pass, as in section 3 of Wu and Johnson 2021,
  /// Rethinking "Batch" in BatchNorm: within a batch, the layers before normalise by the batch's own
  /// statistics. All else is as in inference: no dropout, floats whatever the precision. What an earlier
  /// forward() left for backward() is lost. Throws what images_of throws; then the statistics are as before.
  void measure_statistics(std::size_t batches,
                          const std::function<std::span<const float>(std::size_t)>& images_of);

  /// In the order of parameter_specs(), those that are trained only. After changing values, nothing else need
  /// be called: each forward reads them anew.
  std::span<const Parameter> parameters() noexcept;

  /// Every tensor, running statistics and frozen ones included, in the order of parameter_specs(); only those
  /// that are trained have a gradient.
  std::span<const Parameter> tensors() const noexcept;

  /// sum over kernels of l2 * sum(kernel^2).
  double l2_penalty() const;

  /// Copies, running statistics included.
  Weights weights() const;
  /// Throws Error(bad_data) if they do not fit.
  void set_weights(const Weights& weights);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
