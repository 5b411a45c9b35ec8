// DepthwiseGradient: the gradient of a depthwise convolution's kernel, for sizes of which oneDNN has only its
// reference (without AVX-512: whatever is not 3x3), thousands of times slower.
#pragma once

#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {

struct DepthwiseGradient {
  int kernel = 3;
  int stride = 1;
  int pad_top = 0;
  int pad_left = 0;
  ActivationShape input;
  ActivationShape output;

  /// Layout of the kernel's gradient: [block of channels][row][column][lane].
  dnnl::memory::desc desc() const;

  /// One sample, `input_values` as `input` and `output_gradient` as `output` lie -> both gradients,
  /// overwritten: `kernel_gradient` as desc() says, `bias_gradient` of output.padded_channels() values, or
  /// null.
  void compute(const float* input_values, const float* output_gradient, float* kernel_gradient,
               float* bias_gradient) const;
};

}  // namespace earshot
