#include "nn/kernels/PackedMatrix.h"

#include <algorithm>
#include <cmath>

#include "nn/kernels/LaneVectors.h"

namespace earshot {
namespace {

constexpr std::size_t kPanel = 16;  // outputs; what RowShape pads to
constexpr std::size_t kPanelLanes = kRegisterLanes;
constexpr std::size_t kPanelVectors = kPanel / kPanelLanes;
constexpr std::size_t kPanelRows = 6;            // of a panel each: what AVX2 and NEON have registers for
constexpr std::size_t kPanelWords = kPanel / 2;  // of numbers, two in a word
constexpr std::size_t kLineWords = 16;           // of a cache line
constexpr int kSecondLevel = 2;                  // of caches, as __builtin_prefetch calls it

using PanelVector = Float<static_cast<int>(kPanelLanes)>;
using PanelWord = typename Vectors<static_cast<int>(kPanelLanes)>::Mask;

struct MatrixTask {
  const float* in;
  std::size_t in_stride, count, inputs, padded_outputs;
  const float* weights;
  const std::int32_t* numbers;
  const float* steps;
  const float* bias;
  float slope;
  float* out;
  std::size_t out_stride;
};

// How a panel's weights lie: as they are.
struct Floats {
  using Value = float;
  static constexpr std::size_t kWords = kPanel;
  static EARSHOT_INLINE const float* begin(const MatrixTask& task, std::size_t panel) {
    return task.weights + panel * task.inputs;
  }
  static EARSHOT_INLINE void load(const float* at_input, PanelVector* weights) {
    for (std::size_t v = 0; v < kPanelVectors; ++v) weights[v] = at<kPanelLanes>(at_input, v);
  }
  static EARSHOT_INLINE void start(const MatrixTask& task, std::size_t output, PanelVector& sum) {
    sum = at<kPanelLanes>(task.bias + output);
  }
  static EARSHOT_INLINE void finish(const MatrixTask&, std::size_t, PanelVector&) {}
};

// Or as halves of a word, left at its top: 2^16 times the number.
struct Numbers {
  using Value = std::int32_t;
  static constexpr std::size_t kWords = kPanelWords;
  static EARSHOT_INLINE const std::int32_t* begin(const MatrixTask& task, std::size_t panel) {
    return task.numbers + panel / 2 * task.inputs;
  }
  static EARSHOT_INLINE void load_halves(const std::int32_t* from, PanelVector& low, PanelVector& high) {
    const PanelWord words = *reinterpret_cast<const PanelWord*>(from);
    low = __builtin_convertvector(words << 16, PanelVector);
    high = __builtin_convertvector(words & static_cast<std::int32_t>(0xFFFF0000), PanelVector);
  }
  static EARSHOT_INLINE void load(const std::int32_t* at_input, PanelVector* weights) {
    load_halves(at_input, weights[0], weights[kPanelVectors / 2]);
    if constexpr (kPanelVectors == 4) load_halves(at_input + kPanelLanes, weights[1], weights[3]);
  }
  static EARSHOT_INLINE void start(const MatrixTask&, std::size_t, PanelVector& sum) { sum = PanelVector{}; }
  static EARSHOT_INLINE void finish(const MatrixTask& task, std::size_t output, PanelVector& sum) {
    sum = sum * at<kPanelLanes>(task.steps + output) + at<kPanelLanes>(task.bias + output);
  }
};

// One input's share of the sums of all rows.
template <class Weights, std::size_t Rows>
EARSHOT_INLINE void add_input(const float* in, std::size_t in_stride, const typename Weights::Value* weights,
                              PanelVector (&sums)[Rows][kPanelVectors]) {
  PanelVector panel_weights[kPanelVectors];
  Weights::load(weights, panel_weights);
  for (std::size_t row = 0; row < Rows; ++row) {
    const float value = in[row * in_stride];
    for (std::size_t v = 0; v < kPanelVectors; ++v) sums[row][v] += value * panel_weights[v];
  }
}

// Rows x one panel, its sums in registers. Meanwhile the rows' share of the next panel, or of the matrix behind this
// one, is fetched: what streams through the weights once waits for memory more than it computes. kAtOnce inputs at a
// time, because counting and fetching would cost as much as a row.
template <class Weights, std::size_t Rows>
EARSHOT_INLINE void multiply_panel(const MatrixTask& task, std::size_t first_row, std::size_t panel) {
  constexpr std::size_t kAtOnce = 4;
  const float* in = task.in + first_row * task.in_stride;
  const auto* weights = Weights::begin(task, panel);
  const auto* next = weights + (task.inputs + first_row * task.inputs / task.count) * Weights::kWords;
  const bool few_rows = task.count < kAtOnce * Rows;  // else a line for kAtOnce inputs is share enough
  const std::size_t step = few_rows ? Weights::kWords * kAtOnce : kLineWords;
  PanelVector sums[Rows][kPanelVectors];
  for (auto& row : sums) {
    for (std::size_t v = 0; v < kPanelVectors; ++v) Weights::start(task, panel + v * kPanelLanes, row[v]);
  }
  std::size_t i = 0;
  for (; i + kAtOnce <= task.inputs; i += kAtOnce) {
    __builtin_prefetch(next, 0, kSecondLevel);
    if (few_rows) {
      for (std::size_t line = kLineWords; line < Weights::kWords * kAtOnce; line += kLineWords)
        __builtin_prefetch(next + line, 0, kSecondLevel);
    }
    next += step;
    for (std::size_t n = 0; n < kAtOnce; ++n)
      add_input<Weights, Rows>(in + i + n, task.in_stride, weights + (i + n) * Weights::kWords, sums);
  }
  for (; i < task.inputs; ++i) add_input<Weights, Rows>(in + i, task.in_stride, weights + i * Weights::kWords, sums);
  float* out = task.out + first_row * task.out_stride + panel;
  for (std::size_t row = 0; row < Rows; ++row) {
    for (std::size_t v = 0; v < kPanelVectors; ++v) {
      PanelVector sum = sums[row][v];
      Weights::finish(task, panel + v * kPanelLanes, sum);
      at<kPanelLanes>(out + row * task.out_stride, v) = sum > 0.0F ? sum : sum * task.slope;
    }
  }
}

// A panel stays in the first-level cache while all rows pass.
template <class Weights>
EARSHOT_INLINE void multiply_rows(const MatrixTask& task) {
  for (std::size_t panel = 0; panel < task.padded_outputs; panel += kPanel) {
    std::size_t row = 0;
    for (; row + kPanelRows <= task.count; row += kPanelRows) multiply_panel<Weights, kPanelRows>(task, row, panel);
    switch (task.count - row) {
      case 5:
        multiply_panel<Weights, 5>(task, row, panel);
        break;
      case 4:
        multiply_panel<Weights, 4>(task, row, panel);
        break;
      case 3:
        multiply_panel<Weights, 3>(task, row, panel);
        break;
      case 2:
        multiply_panel<Weights, 2>(task, row, panel);
        break;
      case 1:
        multiply_panel<Weights, 1>(task, row, panel);
        break;
      default:
        break;
    }
  }
}

EARSHOT_CLONES void multiply_floats(const MatrixTask& task) noexcept {
  multiply_rows<Floats>(task);
}
EARSHOT_CLONES void multiply_numbers(const MatrixTask& task) noexcept {
  multiply_rows<Numbers>(task);
}

// Where the values of output `o` begin within its panel's first input.
std::size_t panel_begin(std::size_t o, std::size_t inputs) {
  return o / kPanel * kPanel * inputs;
}

void pack_floats(const MatrixValues& values, float* to) {
  for (std::size_t o = 0; o < values.outputs; ++o) {
    float* column = to + panel_begin(o, values.inputs) + o % kPanel;
    for (std::size_t i = 0; i < values.inputs; ++i) column[i * kPanel] = values.weights[o * values.inputs + i];
  }
}

void pack_numbers(const MatrixValues& values, std::int32_t* to) {
  for (std::size_t o = 0; o < values.outputs; ++o) {
    std::int32_t* column = to + panel_begin(o, values.inputs) / 2 + o % kPanelWords;
    const bool high = o % kPanel >= kPanelWords;
    for (std::size_t i = 0; i < values.inputs; ++i) {
      const double number = std::round(static_cast<double>(values.weights[o * values.inputs + i]) / values.steps[o]);
      const auto half = static_cast<std::uint16_t>(static_cast<std::int16_t>(number));
      column[i * kPanelWords] |=
          static_cast<std::int32_t>(static_cast<std::uint32_t>(half) << (high ? 16 : 0));
    }
  }
}

}  // namespace

std::size_t MatrixValues::packed_floats() const noexcept {
  const std::size_t padded = RowShape{outputs}.padded();
  const std::size_t floats = steps.empty() ? padded * (1 + inputs) : padded * 2 + padded / 2 * inputs;
  return RowShape{floats}.padded();  // the next matrix begins at a cache line
}

PackedMatrix::PackedMatrix(const MatrixValues& values, float* place)
    : inputs_(values.inputs),
      outputs_(values.outputs),
      bias_(place),
      steps_(nullptr),
      weights_(nullptr),
      numbers_(nullptr) {
  static_assert(sizeof(std::int32_t) == sizeof(float));
  const std::size_t padded = output().padded();
  std::ranges::copy(values.bias, place);
  if (values.steps.empty()) {
    weights_ = place + padded;
    pack_floats(values, place + padded);
    return;
  }
  steps_ = place + padded;
  std::ranges::transform(values.steps, place + padded, [](double step) { return static_cast<float>(step * 0x1p-16); });
  auto* numbers = reinterpret_cast<std::int32_t*>(place + 2 * padded);
  numbers_ = numbers;
  pack_numbers(values, numbers);
}

void PackedMatrix::multiply(const float* in, std::size_t in_stride, std::size_t count, float slope, float* out,
                            std::size_t out_stride) const noexcept {
  const MatrixTask task{.in = in,
                  .in_stride = in_stride,
                  .count = count,
                  .inputs = inputs_,
                  .padded_outputs = output().padded(),
                  .weights = weights_,
                  .numbers = numbers_,
                  .steps = steps_,
                  .bias = bias_,
                  .slope = slope,
                  .out = out,
                  .out_stride = out_stride};
  steps_ == nullptr ? multiply_floats(task) : multiply_numbers(task);
}

}  // namespace earshot
