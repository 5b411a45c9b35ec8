#include "nn/WinogradConvolution.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "dsp/FunctionClones.h"

namespace earshot {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kTile = 4;             // outputs of a tile, each way
constexpr std::size_t kPatch = kTile + 2;    // inputs that they depend on
constexpr std::size_t kPoints = kPatch * kPatch;
constexpr std::size_t kRows = 6;             // tiles that the product keeps in registers
constexpr std::size_t kBlockTiles = 4 * kRows;  // a block's transforms stay in the second-level cache

// The points of interpolation are 0, +-kA, +-kB and infinity. These lose fewer digits than Lavin's +-1, +-2.
constexpr float kA = 0.625F;
constexpr float kB = 1.5F;
constexpr float kA2 = kA * kA;
constexpr float kB2 = kB * kB;

using Float = float __attribute__((vector_size(kLanes * sizeof(float)), may_alias));

EARSHOT_INLINE const Float& at(const float* data) {
  return *reinterpret_cast<const Float*>(data);
}
EARSHOT_INLINE Float& at(float* data) {
  return *reinterpret_cast<Float*>(data);
}

std::size_t padded(int channels) {
  return (static_cast<std::size_t>(channels) + kLanes - 1) / kLanes * kLanes;
}

/// Floats from one point to the next, a cache line apart from a power of two: or else the points of a tile
/// would compete for few places in the cache.
EARSHOT_INLINE std::size_t point_stride(std::size_t channels) {
  return kBlockTiles * channels + 2 * kLanes;
}

// Filters that the product computes side by side: two registers of them, one for what is left over.
constexpr std::size_t kGroup = 2 * kLanes;

/// B^T d of six values `stride` apart: by each point's polynomial, the product of (x - q) over the other
/// points q.
template <std::size_t Stride>
EARSHOT_INLINE void transform_input(const Float* d, Float* out) {
  const Float even_b = d[4 * Stride] - kB2 * d[2 * Stride];
  const Float odd_b = kA * (d[3 * Stride] - kB2 * d[Stride]);
  const Float even_a = d[4 * Stride] - kA2 * d[2 * Stride];
  const Float odd_a = kB * (d[3 * Stride] - kA2 * d[Stride]);
  out[0] = kA2 * kB2 * d[0] - (kA2 + kB2) * d[2 * Stride] + d[4 * Stride];
  out[Stride] = even_b + odd_b;
  out[2 * Stride] = even_b - odd_b;
  out[3 * Stride] = even_a + odd_a;
  out[4 * Stride] = even_a - odd_a;
  out[5 * Stride] = kA2 * kB2 * d[Stride] - (kA2 + kB2) * d[3 * Stride] + d[5 * Stride];
}

/// A^T m of six values: powers of the points.
template <std::size_t FromStride, std::size_t ToStride>
EARSHOT_INLINE void transform_output(const Float* m, Float* out) {
  const Float sum_a = m[FromStride] + m[2 * FromStride];
  const Float difference_a = m[FromStride] - m[2 * FromStride];
  const Float sum_b = m[3 * FromStride] + m[4 * FromStride];
  const Float difference_b = m[3 * FromStride] - m[4 * FromStride];
  out[0] = m[0] + sum_a + sum_b;
  out[ToStride] = kA * difference_a + kB * difference_b;
  out[2 * ToStride] = kA2 * sum_a + kB2 * sum_b;
  out[3 * ToStride] = kA2 * kA * difference_a + kB2 * kB * difference_b + m[5 * FromStride];
}

/// Tiles `first` to `first + count - 1` of an image, by plain numbers and pointers.
struct Block {
  std::size_t height, width, tiles_across;
  std::size_t inputs, filters;  ///< padded
  bool pool;
  float slope;  ///< 1: no activation
  const float* kernel;
  const float* bias;
  std::size_t first, count;
  const float* image;
  float* output;
  float* patches;   ///< [point][tile][input]
  float* products;  ///< [point][tile][filter]

  /// Tiles that the product computes: the last rows may be nobody's.
  std::size_t rows() const { return (count + kRows - 1) / kRows * kRows; }
};

/// Where a tile's outputs begin.
struct Corner {
  std::size_t top, left;
};
EARSHOT_INLINE Corner corner_of(const Block& block, std::size_t tile) {
  return {(block.first + tile) / block.tiles_across * kTile,
          (block.first + tile) % block.tiles_across * kTile};
}

/// One patch of one vector of channels, zeros beyond the image's edge.
template <bool Inside>
EARSHOT_INLINE void read_patch(const Block& block, const float* plane, const Corner& corner, Float* patch) {
  for (std::size_t y = 0; y < kPatch; ++y) {
    for (std::size_t x = 0; x < kPatch; ++x) {
      // What lies before the first row or column wraps around, and is outside as well.
      const std::size_t row = corner.top + y - 1;
      const std::size_t column = corner.left + x - 1;
      const bool there = Inside || (row < block.height && column < block.width);
      patch[y * kPatch + x] = there ? at(plane + (row * block.width + column) * kLanes) : Float{};
    }
  }
}

// Plane by plane: neighbouring tiles are neighbours in memory.
EARSHOT_INLINE void read_patches(const Block& block) {
  for (std::size_t channel = 0; channel < block.inputs; channel += kLanes) {
    const float* plane = block.image + channel * block.height * block.width;
    for (std::size_t tile = 0; tile < block.count; ++tile) {
      const Corner corner = corner_of(block, tile);
      const bool inside = corner.top > 0 && corner.left > 0 && corner.top + kTile < block.height &&
                          corner.left + kTile < block.width;
      Float patch[kPoints];
      if (inside) {
        read_patch<true>(block, plane, corner, patch);
      } else {
        read_patch<false>(block, plane, corner, patch);
      }
      Float columns[kPoints];
      for (std::size_t x = 0; x < kPatch; ++x) transform_input<kPatch>(&patch[x], &columns[x]);
      for (std::size_t y = 0; y < kPatch; ++y) {
        Float row[kPatch];
        transform_input<1>(&columns[y * kPatch], row);
        float* to = block.patches + y * kPatch * point_stride(block.inputs) + tile * block.inputs + channel;
        for (std::size_t x = 0; x < kPatch; ++x) at(to + x * point_stride(block.inputs)) = row[x];
      }
    }
  }
}

/// products += patches x kernel for kRows tiles and Vectors registers of filters.
template <std::size_t Vectors>
EARSHOT_INLINE void multiply(const float* patches, std::size_t inputs, const float* kernel, float* products,
                             std::size_t filters) {
  Float sums[kRows][Vectors] = {};
  for (std::size_t i = 0; i < inputs; ++i) {
    // Weights stay in registers and one value at a time joins them: with the sums, what AVX2 has.
    Float weights[Vectors];
    for (std::size_t v = 0; v < Vectors; ++v) weights[v] = at(kernel + (i * Vectors + v) * kLanes);
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t v = 0; v < Vectors; ++v) sums[row][v] += patches[row * inputs + i] * weights[v];
    }
  }
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t v = 0; v < Vectors; ++v) at(products + row * filters + v * kLanes) = sums[row][v];
  }
}

EARSHOT_INLINE void multiply_all(const Block& block) {
  for (std::size_t point = 0; point < kPoints; ++point) {
    const float* patches = block.patches + point * point_stride(block.inputs);
    const float* kernel = block.kernel + point * block.inputs * block.filters;
    float* products = block.products + point * point_stride(block.filters);
    for (std::size_t filter = 0; filter < block.filters; filter += kGroup) {
      const float* group = kernel + filter * block.inputs;
      for (std::size_t row = 0; row < block.rows(); row += kRows) {
        const float* from = patches + row * block.inputs;
        float* to = products + row * block.filters + filter;
        if (block.filters - filter >= kGroup) {
          multiply<2>(from, block.inputs, group, to, block.filters);
        } else {
          multiply<1>(from, block.inputs, group, to, block.filters);
        }
      }
    }
  }
}

EARSHOT_INLINE void activate(Float& value, float slope) {
  value = value > 0.0F ? value : value * slope;
}

EARSHOT_INLINE void raise_to(Float& best, const Float& other) {
  best = best < other ? other : best;
}

EARSHOT_INLINE void write_tile(const Block& block, const Corner& corner, const Float& bias,
                               const Float* outputs, float* plane) {
  for (std::size_t y = 0; y < kTile && corner.top + y < block.height; ++y) {
    float* row = plane + ((corner.top + y) * block.width + corner.left) * kLanes;
    for (std::size_t x = 0; x < kTile && corner.left + x < block.width; ++x) {
      Float value = outputs[y * kTile + x] + bias;
      activate(value, block.slope);
      at(row + x * kLanes) = value;
    }
  }
}

// LeakyReLU keeps the order (its slope is not negative), so the largest of four is activated, not all.
EARSHOT_INLINE void write_pooled_tile(const Block& block, const Corner& corner, const Float& bias,
                                      const Float* outputs, float* plane) {
  const std::size_t height = block.height / 2;
  const std::size_t width = block.width / 2;
  for (std::size_t y = 0; y < kTile / 2 && corner.top / 2 + y < height; ++y) {
    float* row = plane + ((corner.top / 2 + y) * width + corner.left / 2) * kLanes;
    for (std::size_t x = 0; x < kTile / 2 && corner.left / 2 + x < width; ++x) {
      const Float* window = &outputs[2 * y * kTile + 2 * x];
      Float best = window[0];
      for (const std::size_t other : {std::size_t{1}, kTile, kTile + 1}) raise_to(best, window[other]);
      best += bias;
      activate(best, block.slope);
      at(row + x * kLanes) = best;
    }
  }
}

EARSHOT_INLINE void write_outputs(const Block& block) {
  const std::size_t pixels =
      block.pool ? block.height / 2 * (block.width / 2) : block.height * block.width;
  for (std::size_t filter = 0; filter < block.filters; filter += kLanes) {
    const Float bias = at(block.bias + filter);
    float* plane = block.output + filter * pixels;
    for (std::size_t tile = 0; tile < block.count; ++tile) {
      const float* products = block.products + tile * block.filters + filter;
      Float points[kPoints];
      for (std::size_t p = 0; p < kPoints; ++p) points[p] = at(products + p * point_stride(block.filters));
      Float columns[kTile * kPatch];
      for (std::size_t x = 0; x < kPatch; ++x) transform_output<kPatch, kPatch>(&points[x], &columns[x]);
      Float outputs[kTile * kTile];
      for (std::size_t y = 0; y < kTile; ++y) {
        transform_output<1, 1>(&columns[y * kPatch], &outputs[y * kTile]);
      }
      if (block.pool) {
        write_pooled_tile(block, corner_of(block, tile), bias, outputs, plane);
      } else {
        write_tile(block, corner_of(block, tile), bias, outputs, plane);
      }
    }
  }
}

// real-time:
EARSHOT_CLONES void run_block(const Block& block) noexcept {
  read_patches(block);
  multiply_all(block);
  write_outputs(block);
}

}  // namespace

bool WinogradConvolution::pays() {
  return onednn::uses(dnnl::cpu_isa::avx2) && !onednn::uses(dnnl::cpu_isa::avx512_core);
}

WinogradConvolution::WinogradConvolution(const Config& config, std::span<const float> kernel,
                                         std::span<const float> bias)
    : config_(config),
      tiles_across_((static_cast<std::size_t>(config.width) + kTile - 1) / kTile),
      tiles_((static_cast<std::size_t>(config.height) + kTile - 1) / kTile * tiles_across_),
      kernel_(kPoints * padded(config.inputs) * padded(config.filters) * sizeof(float)),
      bias_(padded(config.filters) * sizeof(float)) {
  transform_kernel(kernel);
  std::ranges::copy(bias, bias_.floats());
  const std::size_t floats =
      kPoints * (point_stride(padded(config.inputs)) + point_stride(padded(config.filters)));
  for (int thread = 0; thread < config.threads; ++thread) scratch_.emplace_back(floats * sizeof(float));
}

// G g G^T, in double: row p of G is 1, p, p^2 over the product of (p - q) over the other points q.
void WinogradConvolution::transform_kernel(std::span<const float> kernel) {
  constexpr std::array<double, kPatch - 1> points = {0.0, kA, -kA, kB, -kB};
  std::array<std::array<double, 3>, kPatch> g{};
  for (std::size_t p = 0; p < points.size(); ++p) {
    double norm = 1.0;
    for (std::size_t q = 0; q < points.size(); ++q) norm *= q == p ? 1.0 : points[p] - points[q];
    g[p] = {1.0 / norm, points[p] / norm, points[p] * points[p] / norm};
  }
  g[kPatch - 1] = {0.0, 0.0, 1.0};

  const std::size_t inputs = padded(config_.inputs);
  const std::size_t filters = padded(config_.filters);
  const auto real_inputs = static_cast<std::size_t>(config_.inputs);
  for (std::size_t o = 0; o < static_cast<std::size_t>(config_.filters); ++o) {
    const std::size_t first = o / kGroup * kGroup;
    const std::size_t lanes = std::min(kGroup, filters - first);
    for (std::size_t i = 0; i < real_inputs; ++i) {
      const float* taps = &kernel[(o * real_inputs + i) * 9];
      for (std::size_t y = 0; y < kPatch; ++y) {
        for (std::size_t x = 0; x < kPatch; ++x) {
          double sum = 0.0;
          for (std::size_t r = 0; r < 3; ++r) {
            for (std::size_t s = 0; s < 3; ++s) sum += g[y][r] * g[x][s] * static_cast<double>(taps[r * 3 + s]);
          }
          const std::size_t group = ((y * kPatch + x) * filters + first) * inputs;
          kernel_.floats()[group + i * lanes + o - first] = static_cast<float>(sum);
        }
      }
    }
  }
}

void WinogradConvolution::run(const float* input, float* output) noexcept {
  Block whole{.height = static_cast<std::size_t>(config_.height),
              .width = static_cast<std::size_t>(config_.width),
              .tiles_across = tiles_across_,
              .inputs = padded(config_.inputs),
              .filters = padded(config_.filters),
              .pool = config_.pool,
              .slope = config_.slope.value_or(1.0F),
              .kernel = kernel_.floats(),
              .bias = bias_.floats(),
              .first = 0,
              .count = 0,
              .image = input,
              .output = output,
              .patches = nullptr,
              .products = nullptr};
#pragma omp parallel for num_threads(config_.threads) schedule(static)
  for (std::size_t first = 0; first < tiles_; first += kBlockTiles) {
    Block block = whole;
    block.first = first;
    block.count = std::min(kBlockTiles, tiles_ - first);
    block.patches = scratch_[onednn::thread_index()].floats();
    block.products = block.patches + kPoints * point_stride(block.inputs);
    run_block(block);
  }
}

}  // namespace earshot
