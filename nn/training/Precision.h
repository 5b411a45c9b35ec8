// Precision: in what training's convolutions read their operands.
#pragma once

namespace earshot {

/// What training's convolutions read: activations, their gradients and kernels as floats, or rounded to
/// bfloat16. Sums, parameters, statistics and everything else are floats with both.
enum class Precision { f32, bf16 };

}  // namespace earshot
