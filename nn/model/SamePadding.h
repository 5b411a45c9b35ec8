// SamePadding: the zeros of Keras' 'same' along one axis.
#pragma once

#include <algorithm>

namespace earshot {

struct AxisPadding {
  int before = 0;
  int after = 0;
};

/// So many that ceil(input / stride) windows fit, the odd one after (tensorflow.nn.convolution).
inline AxisPadding same_padding(int input, int kernel, int stride) noexcept {
  const int windows = (input + stride - 1) / stride;
  const int total = std::max((windows - 1) * stride + kernel - input, 0);
  return {total / 2, total - total / 2};
}

}  // namespace earshot
