// KerasDigest: weights, pictures and digests by the formulas of tests/golden/keras_networks.py, so that
// goldens of networks with millions of weights stay small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot::test {

/// 32 bits to 32 bits: the finaliser of MurmurHash3.
std::uint32_t mixed(std::uint32_t x);

/// He's uniform kernels, 0.3 of them where there are many inputs; biases and betas that keep most values off
/// ReLU's kink, gammas around 1.
Weights formula_weights(const Architecture& architecture);

/// n x side x side x channels, 0 .. 254: partials and onsets over noise.
std::vector<float> formula_pictures(std::size_t n, int side, int channels);

/// YAMNet's: `i` of the batch, 15 600 samples at 16 kHz.
std::vector<float> formula_waveform(std::uint32_t i);

/// |ours - Keras'| / |Keras'| of one tensor, estimated from Keras' digest: its length, then 32 projections on
/// vectors of signs. E (p_k - q_k)^2 is the squared length of the difference, so the estimate scatters by 12
/// %.
double relative_difference(std::span<const float> ours, std::span<const float> keras_digest);
/// The same for ours - start.
double relative_change_difference(std::span<const float> ours, std::span<const float> start,
                                  std::span<const float> keras_digest);

}  // namespace earshot::test
