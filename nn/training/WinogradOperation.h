// WinogradOperation: a trainable Conv2d by Winograd's convolution of our own, forward and backward.
#pragma once

#include <string>

#include "nn/kernels/WinogradConvolution.h"
#include "nn/kernels/WinogradGradient.h"
#include "nn/training/Operation.h"

namespace earshot {

class WinogradOperation final : public Operation {
 public:
  WinogradOperation(const std::string& name, const FeatureShape& input, const FeatureShape& output,
                    const OperationContext& context);
  void load_parameters(bool training) override;
  void forward(Worker& worker, const float* input, float* output) override;
  void clear_gradients() override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;
  void store_gradients() override;

 private:
  const Parameter& kernel_;
  const Parameter& bias_;
  int inputs_;
  int filters_;
  WinogradConvolution forward_;
  WinogradConvolution data_gradient_;
  WinogradGradient gradient_;
};

}  // namespace earshot
