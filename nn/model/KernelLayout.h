// KernelLayout: from Keras' kernels, which end in the output channel, to those that begin with it (oneDNN,
// ONNX).
#pragma once

#include <cstddef>
#include <vector>

namespace earshot {

/// `rows` x `columns` -> `columns` x `rows`: dense and depthwise kernels.
std::vector<float> transposed(const std::vector<float>& values, std::size_t rows, std::size_t columns);

/// (field, in, out) -> (out, in, field), field being height x width.
std::vector<float> to_oihw(const std::vector<float>& values, std::size_t field, std::size_t in,
                           std::size_t out);

}  // namespace earshot
