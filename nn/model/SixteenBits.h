// SixteenBits: kernels whose values are whole numbers of 16 bits times a step, one a channel; stored so they take half
// the room.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nn/model/Weights.h"

namespace earshot {

struct SixteenBits {
  std::vector<std::int16_t> numbers;  ///< as the tensor's values lie
  std::vector<float> steps;           ///< by channel
};

/// Along the last dimension, or, of a picture's kernel, the one before it where that is 1 (a depthwise one's): so many
/// of them; the value at i belongs to channel i % channels.
std::size_t step_channels(const std::vector<std::int64_t>& shape);

/// Each value to the nearest whole number of its channel's step, the smallest with 8 binary digits that lets the
/// channel's largest value fit 16 bits: what it gives is given again to the bit. Only large kernels: of two dimensions
/// and more, and at least 4096 values (small ones gain nothing, and YAMNet's depthwise ones move its scores most).
void round_to_sixteen_bits(Tensor& tensor);

/// The numbers and steps of what round_to_sixteen_bits() has rounded, or of any of its channels by themselves; nothing
/// for any other tensor.
std::optional<SixteenBits> as_sixteen_bits(const Tensor& tensor);

}  // namespace earshot
