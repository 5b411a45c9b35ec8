// ImageGradient: the gradient of a first convolution's kernel, over pictures of one channel. Without AVX-512
// oneDNN has only its reference for it, which takes ten times as long as all of v6's training step.
#pragma once

#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {

/// Stride 1, 'same'.
struct ImageGradient {
  int kernel = 3;
  ActivationShape output;  ///< of the convolution, 8 lanes

  /// Layout of the kernel's gradient: [block of 8 filters][row][column][lane].
  dnnl::memory::desc desc() const;

  /// `image` height x width and `output_gradient`, as `output` lies, of one sample -> both gradients,
  /// overwritten: `kernel_gradient` as desc() says, `bias_gradient` of output.padded_channels() values.
  void compute(const float* image, const float* output_gradient, float* kernel_gradient,
               float* bias_gradient) const;
};

}  // namespace earshot
