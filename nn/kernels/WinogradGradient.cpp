#include "nn/kernels/WinogradGradient.h"

#include <algorithm>
#include <array>

#include "nn/kernels/WinogradTiles.h"

namespace earshot {

using namespace winograd;

namespace {

constexpr std::size_t kRows = 4;     // inputs that the product keeps in registers
constexpr std::size_t kVectors = 2;  // and registers of filters

/// One sample, by plain numbers and pointers.
struct Task {
  Grid grid;
  std::size_t inputs, filters;  ///< padded
  const float* input;
  const float* output_gradient;
  float* sums;
  float* bias_sums;
};

/// A gradient A^T of tiles first to first + count - 1 -> `out`, [point][tile][filter].
EARSHOT_INLINE void transform_output_gradients(const Task& task, std::size_t first, std::size_t count,
                                               float* out) {
  const Grid& grid = task.grid;
  for (std::size_t filter = 0; filter < task.filters; filter += kLanes) {
    const float* plane = task.output_gradient + filter * grid.height * grid.width;
    Pixel sum{};
    for (std::size_t tile = 0; tile < count; ++tile) {
      const Corner corner = corner_of(grid, first + tile);
      Pixel square[kTile * kTile];
      if (corner.top + kTile <= grid.height && corner.left + kTile <= grid.width) {
        read_square<kTile, 0, true>(grid, plane, corner, square);
      } else {
        read_square<kTile, 0, false>(grid, plane, corner, square);
      }
      for (std::size_t y = 0; y < kTile; ++y) {
        sum += (square[y * kTile] + square[y * kTile + 1]) + (square[y * kTile + 2] + square[y * kTile + 3]);
      }
      Pixel columns[kPatch * kTile];
      for (std::size_t x = 0; x < kTile; ++x) transform_gradients<kTile>(&square[x], &columns[x]);
      for (std::size_t y = 0; y < kPatch; ++y) {
        Pixel row[kPatch];
        transform_gradients<1>(&columns[y * kTile], row);
        float* to = out + y * kPatch * point_stride(task.filters) + tile * task.filters + filter;
        for (std::size_t x = 0; x < kPatch; ++x) at<kLanes>(to + x * point_stride(task.filters)) = row[x];
      }
    }
    at<kLanes>(task.bias_sums + filter) += sum;
  }
}

/// sums += patches^T x gradients over `count` tiles, for kRows inputs and Vectors registers of filters.
template <std::size_t Vectors>
EARSHOT_INLINE void multiply(const float* patches, std::size_t inputs, const float* gradients,
                             std::size_t filters, std::size_t count, float* sums) {
  Pixel own[kRows][Vectors] = {};
  for (std::size_t tile = 0; tile < count; ++tile) {
    Pixel values[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v) values[v] = at<kLanes>(gradients + tile * filters + v * kLanes);
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t v = 0; v < Vectors; ++v) own[row][v] += patches[tile * inputs + row] * values[v];
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t v = 0; v < Vectors; ++v) at<kLanes>(sums + row * filters + v * kLanes) += own[row][v];
  }
}

EARSHOT_INLINE void multiply_all(const Task& task, std::size_t count, const float* patches,
                                 const float* gradients) {
  for (std::size_t point = 0; point < kPoints; ++point) {
    const float* left = patches + point * point_stride(task.inputs);
    const float* right = gradients + point * point_stride(task.filters);
    float* sums = task.sums + point * task.inputs * task.filters;
    for (std::size_t filter = 0; filter < task.filters; filter += kVectors * kLanes) {
      for (std::size_t input = 0; input < task.inputs; input += kRows) {
        float* to = sums + input * task.filters + filter;
        if (task.filters - filter >= kVectors * kLanes) {
          multiply<kVectors>(left + input, task.inputs, right + filter, task.filters, count, to);
        } else {
          multiply<1>(left + input, task.inputs, right + filter, task.filters, count, to);
        }
      }
    }
  }
}

EARSHOT_CLONES void add_sample(const Task& task, float* scratch) noexcept {
  float* gradients = scratch + block_floats(task.inputs);
  const std::size_t tiles = task.grid.tiles();
  for (std::size_t first = 0; first < tiles; first += kBlockTiles) {
    const std::size_t count = std::min(kBlockTiles, tiles - first);
    transform_patches(task.grid, task.input, task.inputs, first, count, scratch);
    transform_output_gradients(task, first, count, gradients);
    multiply_all(task, count, scratch, gradients);
  }
}

}  // namespace

WinogradGradient::WinogradGradient(const Config& config) : config_(config) {
  const std::size_t inputs = padded(config.inputs);
  const std::size_t filters = padded(config.filters);
  for (int thread = 0; thread < config.threads; ++thread) {
    sums_.emplace_back(kPoints * inputs * filters * sizeof(float));
    bias_sums_.emplace_back(filters * sizeof(float));
    scratch_.emplace_back((block_floats(inputs) + block_floats(filters)) * sizeof(float));
  }
}

void WinogradGradient::clear() {
  for (const auto* buffers : {&sums_, &bias_sums_}) {
    for (const onednn::Buffer& buffer : *buffers) {
      std::fill_n(buffer.floats(), buffer.bytes() / sizeof(float), 0.0F);
    }
  }
}

void WinogradGradient::add(std::size_t thread, const float* input, const float* output_gradient) noexcept {
  add_sample({.grid = {static_cast<std::size_t>(config_.height), static_cast<std::size_t>(config_.width)},
              .inputs = padded(config_.inputs),
              .filters = padded(config_.filters),
              .input = input,
              .output_gradient = output_gradient,
              .sums = sums_[thread].floats(),
              .bias_sums = bias_sums_[thread].floats()},
             scratch_[thread].floats());
}

// For one input and all filters at a time.
void WinogradGradient::collect(std::span<float> kernel_gradient, std::span<float> bias_gradient) {
  const auto matrix = kernel_matrix();
  const std::size_t inputs = padded(config_.inputs);
  const std::size_t filters = padded(config_.filters);
  const auto count = static_cast<std::size_t>(config_.filters);
  std::vector<double> rows(kPatch * kTaps * count);  // sums x G: [point][tap][filter]
  std::vector<double> taps(kTaps * kTaps * count);
  for (std::size_t i = 0; i < static_cast<std::size_t>(config_.inputs); ++i) {
    std::ranges::fill(rows, 0.0);
    for (std::size_t point = 0; point < kPoints; ++point) {
      for (const onednn::Buffer& sums : sums_) {
        const float* from = sums.floats() + (point * inputs + i) * filters;
        for (std::size_t tap = 0; tap < kTaps; ++tap) {
          const double factor = matrix[point % kPatch][tap];
          double* to = &rows[(point / kPatch * kTaps + tap) * count];
          for (std::size_t o = 0; o < count; ++o) to[o] += factor * static_cast<double>(from[o]);
        }
      }
    }
    std::ranges::fill(taps, 0.0);
    for (std::size_t y = 0; y < kPatch; ++y) {
      for (std::size_t tap = 0; tap < kTaps * kTaps; ++tap) {
        const double factor = matrix[y][tap / kTaps];
        const double* from = &rows[(y * kTaps + tap % kTaps) * count];
        for (std::size_t o = 0; o < count; ++o) taps[tap * count + o] += factor * from[o];
      }
    }
    for (std::size_t tap = 0; tap < kTaps * kTaps; ++tap) {
      float* to = &kernel_gradient[(tap * static_cast<std::size_t>(config_.inputs) + i) * count];
      for (std::size_t o = 0; o < count; ++o) to[o] = static_cast<float>(taps[tap * count + o]);
    }
  }
  std::ranges::fill(bias_gradient, 0.0F);
  for (const onednn::Buffer& sums : bias_sums_) {
    for (std::size_t o = 0; o < count; ++o) bias_gradient[o] += sums.floats()[o];
  }
}

}  // namespace earshot
