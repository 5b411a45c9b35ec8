#include "nn/kernels/WinogradConvolution.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "nn/kernels/WinogradTiles.h"

namespace earshot {

using namespace winograd;

namespace {

/// A convolution of one activation, by plain numbers and pointers.
struct Task {
  Grid grid;
  std::size_t inputs, filters;  ///< padded
  bool pool;
  float slope;  ///< 1: no activation
  const float* kernel;
  const float* bias;
  const float* input;
  float* output;
};

constexpr std::size_t kRows = 6;            // tiles that the product keeps in registers
constexpr std::size_t kGroup = 2 * kLanes;  // and filters; one register of them for what is left over

static_assert(kBlockTiles % kRows == 0);

/// products = patches x kernel for kRows tiles and Vectors registers of filters.
template <std::size_t Vectors>
EARSHOT_INLINE void multiply(const float* patches, std::size_t inputs, const float* kernel, float* products,
                             std::size_t filters) {
  Pixel sums[kRows][Vectors] = {};
  for (std::size_t i = 0; i < inputs; ++i) {
    // Weights stay in registers and one value at a time joins them: with the sums, what AVX2 has.
    Pixel weights[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v) weights[v] = at<kLanes>(kernel + (i * Vectors + v) * kLanes);
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t v = 0; v < Vectors; ++v) sums[row][v] += patches[row * inputs + i] * weights[v];
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t v = 0; v < Vectors; ++v)
      at<kLanes>(products + row * filters + v * kLanes) = sums[row][v];
  }
}

/// Tiles beyond `count` up to whole rows are computed from what lies there, and nobody reads them.
EARSHOT_INLINE void multiply_all(std::size_t inputs, std::size_t filters, const float* kernel,
                                 std::size_t count, const float* patches, float* products) {
  for (std::size_t point = 0; point < kPoints; ++point) {
    const float* from = patches + point * point_stride(inputs);
    float* to = products + point * point_stride(filters);
    for (std::size_t filter = 0; filter < filters; filter += kGroup) {
      const float* group = kernel + (point * filters + filter) * inputs;
      for (std::size_t row = 0; row < count; row += kRows) {
        if (filters - filter >= kGroup) {
          multiply<2>(from + row * inputs, inputs, group, to + row * filters + filter, filters);
        } else {
          multiply<1>(from + row * inputs, inputs, group, to + row * filters + filter, filters);
        }
      }
    }
  }
}

EARSHOT_INLINE void activate(Pixel& value, float slope) {
  value = value > 0.0F ? value : value * slope;
}

EARSHOT_INLINE void raise_to(Pixel& best, const Pixel& other) {
  best = best < other ? other : best;
}

EARSHOT_INLINE void write_tile(const Grid& grid, const Corner& corner, const Pixel* outputs,
                               const Pixel& bias, float slope, float* plane) {
  for (std::size_t y = 0; y < kTile && corner.top + y < grid.height; ++y) {
    float* row = plane + ((corner.top + y) * grid.width + corner.left) * kLanes;
    for (std::size_t x = 0; x < kTile && corner.left + x < grid.width; ++x) {
      Pixel value = outputs[y * kTile + x] + bias;
      activate(value, slope);
      at<kLanes>(row + x * kLanes) = value;
    }
  }
}

// LeakyReLU keeps the order (its slope is not negative), so the largest of four is activated, not all.
EARSHOT_INLINE void write_pooled_tile(const Grid& grid, const Corner& corner, const Pixel* outputs,
                                      const Pixel& bias, float slope, float* plane) {
  const std::size_t height = grid.height / 2;
  const std::size_t width = grid.width / 2;
  for (std::size_t y = 0; y < kTile / 2 && corner.top / 2 + y < height; ++y) {
    float* row = plane + ((corner.top / 2 + y) * width + corner.left / 2) * kLanes;
    for (std::size_t x = 0; x < kTile / 2 && corner.left / 2 + x < width; ++x) {
      const Pixel* window = &outputs[2 * y * kTile + 2 * x];
      Pixel best = window[0];
      for (const std::size_t other : {std::size_t{1}, kTile, kTile + 1}) raise_to(best, window[other]);
      best += bias;
      activate(best, slope);
      at<kLanes>(row + x * kLanes) = best;
    }
  }
}

EARSHOT_INLINE void write_outputs(const Task& task, std::size_t first, std::size_t count,
                                  const float* products) {
  const Grid& grid = task.grid;
  const std::size_t pixels = task.pool ? grid.height / 2 * (grid.width / 2) : grid.height * grid.width;
  for (std::size_t filter = 0; filter < task.filters; filter += kLanes) {
    const Pixel bias = at<kLanes>(task.bias + filter);
    float* plane = task.output + filter * pixels;
    for (std::size_t tile = 0; tile < count; ++tile) {
      const float* from = products + tile * task.filters + filter;
      Pixel points[kPoints];
      for (std::size_t p = 0; p < kPoints; ++p) points[p] = at<kLanes>(from + p * point_stride(task.filters));
      Pixel columns[kTile * kPatch];
      for (std::size_t x = 0; x < kPatch; ++x) transform_products<kPatch>(&points[x], &columns[x]);
      Pixel outputs[kTile * kTile];
      for (std::size_t y = 0; y < kTile; ++y) {
        transform_products<1>(&columns[y * kPatch], &outputs[y * kTile]);
      }
      const Corner corner = corner_of(grid, first + tile);
      if (task.pool) {
        write_pooled_tile(grid, corner, outputs, bias, task.slope, plane);
      } else {
        write_tile(grid, corner, outputs, bias, task.slope, plane);
      }
    }
  }
}

// real-time: tiles first to end - 1.
EARSHOT_CLONES void convolve(const Task& task, std::size_t first, std::size_t end, float* scratch) noexcept {
  float* products = scratch + block_floats(task.inputs);
  for (; first < end; first += kBlockTiles) {
    const std::size_t count = std::min(kBlockTiles, end - first);
    transform_patches(task.grid, task.input, task.inputs, first, count, scratch);
    multiply_all(task.inputs, task.filters, task.kernel, count, scratch, products);
    write_outputs(task, first, count, products);
  }
}

Grid grid_of(const WinogradConvolution::Config& config) {
  return {static_cast<std::size_t>(config.height), static_cast<std::size_t>(config.width)};
}

}  // namespace

bool WinogradConvolution::pays(int kernel, int inputs) {
  return EARSHOT_HAS_CLONES && kernel == 3 && inputs >= static_cast<int>(kLanes) &&
         onednn::uses(dnnl::cpu_isa::avx2) && !onednn::uses(dnnl::cpu_isa::avx512_core);
}

WinogradConvolution::WinogradConvolution(const Config& config)
    : WinogradConvolution(config, std::make_shared<Weights>(Weights{
                                      onednn::Buffer(kPoints * padded(config.inputs) * padded(config.filters) *
                                                     sizeof(float)),
                                      onednn::Buffer(padded(config.filters) * sizeof(float))})) {}

WinogradConvolution::WinogradConvolution(const Config& config, const WinogradConvolution& loaded)
    : WinogradConvolution(config, loaded.weights_) {}

WinogradConvolution::WinogradConvolution(const Config& config, std::shared_ptr<Weights> weights)
    : config_(config), weights_(std::move(weights)) {
  const std::size_t floats = block_floats(padded(config.inputs)) + block_floats(padded(config.filters));
  for (int thread = 0; thread < config.threads; ++thread) scratch_.emplace_back(floats * sizeof(float));
}

// G kernel G^T in double, for one input and all filters at a time.
void WinogradConvolution::load(const KernelView& kernel, std::span<const float> bias) {
  const auto matrix = kernel_matrix();
  const std::size_t inputs = padded(config_.inputs);
  const std::size_t filters = padded(config_.filters);
  const auto count = static_cast<std::size_t>(config_.filters);
  std::vector<double> rows(kPatch * kTaps * count);  // G kernel: [point][tap][filter]
  for (std::size_t i = 0; i < static_cast<std::size_t>(config_.inputs); ++i) {
    std::ranges::fill(rows, 0.0);
    for (std::size_t tap = 0; tap < kTaps * kTaps; ++tap) {
      const std::size_t column = tap % kTaps;
      const float* from = kernel.data + static_cast<std::ptrdiff_t>(i) * kernel.input +
                          static_cast<std::ptrdiff_t>(tap / kTaps) * kernel.row +
                          static_cast<std::ptrdiff_t>(column) * kernel.column;
      for (std::size_t y = 0; y < kPatch; ++y) {
        const double factor = matrix[y][tap / kTaps];
        double* to = &rows[(y * kTaps + column) * count];
        for (std::size_t o = 0; o < count; ++o) {
          to[o] += factor * static_cast<double>(from[static_cast<std::ptrdiff_t>(o) * kernel.filter]);
        }
      }
    }
    for (std::size_t point = 0; point < kPoints; ++point) {
      const double* row = &rows[point / kPatch * kTaps * count];
      const auto& factors = matrix[point % kPatch];
      for (std::size_t o = 0; o < count; ++o) {
        const std::size_t first = o / kGroup * kGroup;
        const std::size_t lanes = std::min(kGroup, filters - first);
        weights_->kernel.floats()[(point * filters + first) * inputs + i * lanes + o - first] = static_cast<float>(
            factors[0] * row[o] + factors[1] * row[count + o] + factors[2] * row[2 * count + o]);
      }
    }
  }
  std::ranges::copy(bias, weights_->bias.floats());
}

void WinogradConvolution::run(const float* input, float* output) noexcept {
  const std::size_t tiles = grid_of(config_).tiles();
#pragma omp parallel for num_threads(config_.threads) schedule(static)
  for (std::size_t first = 0; first < tiles; first += kBlockTiles) {
    run_tiles(onednn::thread_index(), first, std::min(tiles, first + kBlockTiles), input, output);
  }
}

void WinogradConvolution::run(std::size_t thread, const float* input, float* output) noexcept {
  run_tiles(thread, 0, grid_of(config_).tiles(), input, output);
}

void WinogradConvolution::run_tiles(std::size_t thread, std::size_t first, std::size_t end,
                                    const float* input, float* output) noexcept {
  convolve({.grid = grid_of(config_),
            .inputs = padded(config_.inputs),
            .filters = padded(config_.filters),
            .pool = config_.pool,
            .slope = config_.slope.value_or(1.0F),
            .kernel = weights_->kernel.floats(),
            .bias = weights_->bias.floats(),
            .input = input,
            .output = output},
           first, end, scratch_[thread].floats());
}

}  // namespace earshot
