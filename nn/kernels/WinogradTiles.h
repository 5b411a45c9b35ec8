// WinogradTiles: what Winograd's convolution and its kernel's gradient share: tiles, their transforms, and
// how patches of an activation are read.
#pragma once

#include <array>
#include <cstddef>

#include "nn/kernels/LaneVectors.h"

// F(4x4, 3x3) of Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015:
// outputs = A^T ((G kernel G^T) * (B^T patch B)) A, element by element in the middle, summed over input
// channels. Everything but the types is inlined into loops that are compiled for several processors.
namespace earshot::winograd {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kTile = 4;           // outputs, each way
constexpr std::size_t kPatch = kTile + 2;  // inputs that they depend on
constexpr std::size_t kTaps = 3;
constexpr std::size_t kPoints = kPatch * kPatch;
constexpr std::size_t kBlockTiles = 24;  // tiles transformed at a time: they stay in the second-level cache

/// The points of interpolation are 0, +-kA, +-kB and infinity. These lose fewer digits than Lavin's +-1, +-2.
constexpr float kA = 0.625F;
constexpr float kB = 1.5F;
constexpr float kA2 = kA * kA;
constexpr float kB2 = kB * kB;

/// One pixel of one block of channels.
using Pixel = Float<kLanes>;

/// Channels of whole registers.
inline std::size_t padded(int channels) {
  return (static_cast<std::size_t>(channels) + kLanes - 1) / kLanes * kLanes;
}

/// Floats from one point to the next where a block of tiles lies as [point][tile][channel]: a cache line more
/// than a multiple of a power of two, or the points of a tile would compete for few places in the cache.
EARSHOT_INLINE std::size_t point_stride(std::size_t channels) {
  return kBlockTiles * channels + 2 * kLanes;
}
inline std::size_t block_floats(std::size_t channels) {
  return kPoints * point_stride(channels);
}

/// G: row p is 1, p, p^2 over the product of (p - q) over the other points q.
inline std::array<std::array<double, kTaps>, kPatch> kernel_matrix() {
  constexpr std::array<double, kPatch - 1> points = {0.0, kA, -kA, kB, -kB};
  std::array<std::array<double, kTaps>, kPatch> rows{};
  for (std::size_t p = 0; p < points.size(); ++p) {
    double norm = 1.0;
    for (std::size_t q = 0; q < points.size(); ++q) norm *= q == p ? 1.0 : points[p] - points[q];
    rows[p] = {1.0 / norm, points[p] / norm, points[p] * points[p] / norm};
  }
  rows[kPatch - 1] = {0.0, 0.0, 1.0};
  return rows;
}

/// B^T d of six values `Stride` apart: by each point's polynomial, the product of (x - q) over the other
/// points q.
template <std::size_t Stride>
EARSHOT_INLINE void transform_patch(const Pixel* d, Pixel* out) {
  const Pixel even_b = d[4 * Stride] - kB2 * d[2 * Stride];
  const Pixel odd_b = kA * (d[3 * Stride] - kB2 * d[Stride]);
  const Pixel even_a = d[4 * Stride] - kA2 * d[2 * Stride];
  const Pixel odd_a = kB * (d[3 * Stride] - kA2 * d[Stride]);
  out[0] = kA2 * kB2 * d[0] - (kA2 + kB2) * d[2 * Stride] + d[4 * Stride];
  out[Stride] = even_b + odd_b;
  out[2 * Stride] = even_b - odd_b;
  out[3 * Stride] = even_a + odd_a;
  out[4 * Stride] = even_a - odd_a;
  out[5 * Stride] = kA2 * kB2 * d[Stride] - (kA2 + kB2) * d[3 * Stride] + d[5 * Stride];
}

/// A^T m of six values `Stride` apart: powers of the points.
template <std::size_t Stride>
EARSHOT_INLINE void transform_products(const Pixel* m, Pixel* out) {
  const Pixel sum_a = m[Stride] + m[2 * Stride];
  const Pixel difference_a = m[Stride] - m[2 * Stride];
  const Pixel sum_b = m[3 * Stride] + m[4 * Stride];
  const Pixel difference_b = m[3 * Stride] - m[4 * Stride];
  out[0] = m[0] + sum_a + sum_b;
  out[Stride] = kA * difference_a + kB * difference_b;
  out[2 * Stride] = kA2 * sum_a + kB2 * sum_b;
  out[3 * Stride] = kA2 * kA * difference_a + kB2 * kB * difference_b + m[5 * Stride];
}

/// A y of four values `Stride` apart, the transpose of transform_products.
template <std::size_t Stride>
EARSHOT_INLINE void transform_gradients(const Pixel* y, Pixel* out) {
  const Pixel even_a = y[0] + kA2 * y[2 * Stride];
  const Pixel odd_a = kA * y[Stride] + kA2 * kA * y[3 * Stride];
  const Pixel even_b = y[0] + kB2 * y[2 * Stride];
  const Pixel odd_b = kB * y[Stride] + kB2 * kB * y[3 * Stride];
  out[0] = y[0];
  out[Stride] = even_a + odd_a;
  out[2 * Stride] = even_a - odd_a;
  out[3 * Stride] = even_b + odd_b;
  out[4 * Stride] = even_b - odd_b;
  out[5 * Stride] = y[3 * Stride];
}

/// The tiles of a picture, row by row; those at its right and bottom may hang over its edge.
struct Grid {
  std::size_t height, width;

  EARSHOT_INLINE std::size_t across() const { return (width + kTile - 1) / kTile; }
  EARSHOT_INLINE std::size_t tiles() const { return (height + kTile - 1) / kTile * across(); }
};

/// Where a tile's outputs begin.
struct Corner {
  std::size_t top, left;
};
EARSHOT_INLINE Corner corner_of(const Grid& grid, std::size_t tile) {
  return {tile / grid.across() * kTile, tile % grid.across() * kTile};
}

/// Size x Size pixels from `before` rows and columns ahead of the corner on, zeros beyond the edge.
template <std::size_t Size, std::size_t Before, bool Inside>
EARSHOT_INLINE void read_square(const Grid& grid, const float* plane, const Corner& corner, Pixel* square) {
  for (std::size_t y = 0; y < Size; ++y) {
    for (std::size_t x = 0; x < Size; ++x) {
      // What lies before the first row or column wraps around, and is outside as well.
      const std::size_t row = corner.top + y - Before;
      const std::size_t column = corner.left + x - Before;
      const bool there = Inside || (row < grid.height && column < grid.width);
      square[y * Size + x] = there ? at<kLanes>(plane + (row * grid.width + column) * kLanes) : Pixel{};
    }
  }
}

/// B^T patch B of tiles first to first + count - 1 -> `out`, [point][tile][channel]. Plane by plane:
/// neighbouring tiles are neighbours in memory. `channels` is a multiple of kLanes.
EARSHOT_INLINE void transform_patches(const Grid& grid, const float* image, std::size_t channels,
                                      std::size_t first, std::size_t count, float* out) {
  for (std::size_t channel = 0; channel < channels; channel += kLanes) {
    const float* plane = image + channel * grid.height * grid.width;
    for (std::size_t tile = 0; tile < count; ++tile) {
      const Corner corner = corner_of(grid, first + tile);
      Pixel patch[kPoints];
      if (corner.top > 0 && corner.left > 0 && corner.top + kTile < grid.height &&
          corner.left + kTile < grid.width) {
        read_square<kPatch, 1, true>(grid, plane, corner, patch);
      } else {
        read_square<kPatch, 1, false>(grid, plane, corner, patch);
      }
      Pixel columns[kPoints];
      for (std::size_t x = 0; x < kPatch; ++x) transform_patch<kPatch>(&patch[x], &columns[x]);
      for (std::size_t y = 0; y < kPatch; ++y) {
        Pixel row[kPatch];
        transform_patch<1>(&columns[y * kPatch], row);
        float* to = out + y * kPatch * point_stride(channels) + tile * channels + channel;
        for (std::size_t x = 0; x < kPatch; ++x) at<kLanes>(to + x * point_stride(channels)) = row[x];
      }
    }
  }
}

}  // namespace earshot::winograd
