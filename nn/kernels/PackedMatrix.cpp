#include "nn/kernels/PackedMatrix.h"

#include <algorithm>

#include "nn/kernels/LaneVectors.h"

namespace earshot {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kVectors = 2;                // of outputs in a panel
constexpr std::size_t kPanel = kLanes * kVectors;  // what RowShape pads to
constexpr std::size_t kRows = 6;                   // with two vectors of outputs each: what AVX2 has registers for

constexpr std::size_t kStepBits = 12;  // a fraction's
constexpr int kSecondLevel = 2;        // of caches, as __builtin_prefetch calls it

using Lane = Float<static_cast<int>(kLanes)>;

struct Task {
  const float* in;
  std::size_t in_stride, count, inputs, padded_outputs;
  const float* weights;
  const float* bias;
  float slope;
  float* out;
  std::size_t out_stride;
};

// Rows x one panel, its sums in registers. Meanwhile the rows' share of the next panel, or of the matrix behind this
// one, is fetched: what streams through the weights once waits for the third-level cache more than it computes.
template <std::size_t Rows>
EARSHOT_INLINE void multiply_panel(const Task& task, std::size_t first_row, std::size_t panel) {
  const float* next = task.weights + (panel + kPanel) * task.inputs + first_row * task.inputs / task.count * kPanel;
  const std::size_t step = (Rows << kStepBits) / task.count;
  const float* in = task.in + first_row * task.in_stride;
  const float* weights = task.weights + panel * task.inputs;
  Lane sums[Rows][kVectors];
  for (auto& row : sums) {
    for (std::size_t v = 0; v < kVectors; ++v) row[v] = at<kLanes>(task.bias + panel, v);
  }
  for (std::size_t i = 0; i < task.inputs; ++i) {
    __builtin_prefetch(next + (i * step >> kStepBits) * kPanel, 0, kSecondLevel);
    Lane panel_weights[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) panel_weights[v] = at<kLanes>(weights + i * kPanel, v);
    for (std::size_t row = 0; row < Rows; ++row) {
      const float value = in[row * task.in_stride + i];
      for (std::size_t v = 0; v < kVectors; ++v) sums[row][v] += value * panel_weights[v];
    }
  }
  float* out = task.out + first_row * task.out_stride + panel;
  for (std::size_t row = 0; row < Rows; ++row) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Lane sum = sums[row][v];
      at<kLanes>(out + row * task.out_stride, v) = sum > 0.0F ? sum : sum * task.slope;
    }
  }
}

// A panel stays in the first-level cache while all rows pass.
EARSHOT_CLONES void multiply_rows(const Task& task) noexcept {
  for (std::size_t panel = 0; panel < task.padded_outputs; panel += kPanel) {
    std::size_t row = 0;
    for (; row + kRows <= task.count; row += kRows) multiply_panel<kRows>(task, row, panel);
    switch (task.count - row) {
      case 5:
        multiply_panel<5>(task, row, panel);
        break;
      case 4:
        multiply_panel<4>(task, row, panel);
        break;
      case 3:
        multiply_panel<3>(task, row, panel);
        break;
      case 2:
        multiply_panel<2>(task, row, panel);
        break;
      case 1:
        multiply_panel<1>(task, row, panel);
        break;
      default:
        break;
    }
  }
}

}  // namespace

PackedMatrix::PackedMatrix(std::span<const float> weights, std::span<const float> bias, std::size_t inputs,
                           std::size_t outputs, float* place)
    : inputs_(inputs), outputs_(outputs), bias_(place), weights_(place + RowShape{outputs}.padded()) {
  std::ranges::copy(bias, place);
  for (std::size_t o = 0; o < outputs; ++o) {
    float* column = place + RowShape{outputs}.padded() + o / kPanel * kPanel * inputs + o % kPanel;
    for (std::size_t i = 0; i < inputs; ++i) column[i * kPanel] = weights[o * inputs + i];
  }
}

void PackedMatrix::multiply(const float* in, std::size_t in_stride, std::size_t count, float slope, float* out,
                            std::size_t out_stride) const noexcept {
  multiply_rows({.in = in,
                 .in_stride = in_stride,
                 .count = count,
                 .inputs = inputs_,
                 .padded_outputs = output().padded(),
                 .weights = weights_,
                 .bias = bias_,
                 .slope = slope,
                 .out = out,
                 .out_stride = out_stride});
}

}  // namespace earshot
