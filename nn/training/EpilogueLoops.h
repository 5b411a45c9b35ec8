// EpilogueLoops: an epilogue's passes over one sample's memory, compiled for several processors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace earshot {
struct Bfloat16;
}

namespace earshot::epilogue {

/// Which values of a sample survive, and by what they are scaled. A value's number is its position in height
/// x width x channels; its bits are a hash of number and key (the finaliser of MurmurHash3, Appleby 2011).
struct DropoutMask {
  std::uint32_t key_low = 0;
  std::uint32_t key_high = 0;
  std::uint32_t threshold = 0;  ///< bits below it: dropped. 0: no dropout
  float scale = 1.0F;
  std::uint32_t channels = 0;
  std::uint32_t whole = 0;  ///< all bits set: `scale` decides for the whole sample
};

/// What an activation does to z. Leaky: z or slope z; a slope of 1 is none.
enum class Curve { leaky, swish, sigmoid };

/// What the loops need of an epilogue, by plain numbers and pointers. Those to vectors hold one value a
/// channel, padded ones included.
struct Pass {
  std::size_t blocks;
  std::size_t height, width;  ///< of y
  std::size_t pool;
  std::size_t pooled_height, pooled_width;  ///< of what activation reads
  const float* sign;
  const float* mean;
  const float* scale;
  const float* beta;
  const float* offset_gradient;
  const float* slope_gradient;
  float floor;  ///< y below it counts as it: 0 for a ReLU before the norm, else minus infinity
  Curve curve;
  float slope;
  DropoutMask dropout;

  std::size_t pixels() const { return height * width; }
  std::size_t picked_pixels() const { return pooled_height * pooled_width; }
};

// y is [block][height][width][lane], what activation reads ("picked": y, or what pooling picked of it) and
// what it gives [block][pooled_height][pooled_width][lane], as are their gradients; sums are by channel.
// `lanes`: 8 or 16.

/// y -> the largest of each window (with a negative sign: the smallest).
void pool(int lanes, const Pass& pass, const float* y, float* picked);
/// y -> its first pixel, the sums of what it is off from there and of the squares; pools as well if the pass
/// does.
void observe(int lanes, const Pass& pass, const float* y, float* picked, float* shift, double* sum,
             double* sum_square);
/// Normalisation, activation, dropout.
void activate(int lanes, const Pass& pass, const float* picked, float* output);
/// Only oneDNN with AVX-512 reads bfloat16: 16 lanes.
void activate(int lanes, const Pass& pass, const float* picked, Bfloat16* output);
/// -> the sums of dL/dz and of dL/dz (picked - mean).
void reduce(int lanes, const Pass& pass, const float* picked, const float* output_gradient, double* sum,
            double* sum_product);
/// -> dL/dy.
void differentiate(int lanes, const Pass& pass, const float* y, const float* picked,
                   const float* output_gradient, float* y_gradient);
void differentiate(int lanes, const Pass& pass, const float* y, const float* picked,
                   const float* output_gradient, Bfloat16* y_gradient);

}  // namespace earshot::epilogue
