// DenseOperation: inputs x kernel + bias of one sample.
#pragma once

#include <string>

#include "nn/training/Call.h"
#include "nn/training/GradientSums.h"
#include "nn/training/LaidOutParameter.h"
#include "nn/training/Operation.h"

namespace earshot {

class DenseOperation final : public Operation {
 public:
  DenseOperation(const std::string& name, const FeatureShape& input, const FeatureShape& output,
                 const OperationContext& context);
  void load_parameters(bool training) override;
  void forward(Worker& worker, const float* input, float* output) override;
  void clear_gradients() override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;
  void store_gradients() override;
  std::size_t scratch_bytes() const override;

 private:
  struct Plan;
  DenseOperation(const std::string& name, const Plan& plan, const OperationContext& context);

  ActivationShape input_;
  ActivationShape output_;
  Call forward_;
  Call data_gradient_;
  Call weight_gradient_;
  LaidOutParameter kernel_;
  LaidOutParameter kernel_for_data_;
  LaidOutParameter kernel_gradient_;
  LaidOutParameter bias_;
  LaidOutParameter bias_gradient_;
  GradientSums kernel_sums_;
  GradientSums bias_sums_;
};

}  // namespace earshot
