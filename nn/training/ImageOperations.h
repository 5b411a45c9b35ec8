// ImageOperations: those without trained parameters: global average pooling, padding, flattening, scaling by
// channel, and copying between layouts.
#pragma once

#include "nn/model/Architecture.h"
#include "nn/training/Call.h"
#include "nn/training/Operation.h"

namespace earshot {

/// The mean over height and width.
class AveragePoolOperation final : public Operation {
 public:
  explicit AveragePoolOperation(const FeatureShape& input) : input_(input) {}
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;

 private:
  ActivationShape input_;
};

class ZeroPaddingOperation final : public Operation {
 public:
  ZeroPaddingOperation(const ZeroPadding2d& layer, const FeatureShape& input, const FeatureShape& output)
      : layer_(layer), input_(input), output_(output) {}
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;

 private:
  /// Of the padded image's row, where the input's row begins.
  std::size_t offset(std::size_t block, std::size_t row) const;

  ZeroPadding2d layer_;
  ActivationShape input_;
  ActivationShape output_;
};

/// Channel blocks -> height, width, channel order.
class FlattenOperation final : public Operation {
 public:
  FlattenOperation(const FeatureShape& input, const FeatureShape& output) : input_(input), output_(output) {}
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;

 private:
  /// Calls `visit(index in the input, index in the output, channels that lie together in both)`.
  template <class Visit>
  void for_each_run(Visit visit) const;

  ActivationShape input_;
  ActivationShape output_;
};

/// x scale + offset, by channel: Rescaling and Normalization.
class ScaleOperation final : public Operation {
 public:
  ScaleOperation(const Rescaling& layer, const FeatureShape& shape);
  /// Normalization; `mean` and `variance` are read by load_parameters.
  ScaleOperation(const Parameter& mean, const Parameter& variance, const FeatureShape& shape);
  void load_parameters(bool training) override;
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;

 private:
  ActivationShape shape_;
  Parameter mean_, variance_;  ///< empty for Rescaling
  std::vector<float> scale_;   ///< by channel, padded ones included
  std::vector<float> offset_;
};

/// Separates epilogues that cannot be one, and takes an image (height x width x channels) into the layout of
/// activations.
class CopyOperation final : public Operation {
 public:
  CopyOperation(const FeatureShape& shape, const OperationContext& context);
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;
  std::size_t scratch_bytes() const override { return copy_.scratch_bytes(); }

 private:
  ActivationShape shape_;
  Call copy_;
};

}  // namespace earshot
