#include "train/samples/ImageAugmentation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/FunctionClones.h"
#include "dsp/base/KeyedRandom.h"

namespace earshot {
namespace {

/// Where the pixels of an output row come from: in = start + step column, clamped to 0 .. last.
struct RowSource {
  double row_start, row_step, row_last;
  double column_start, column_step, column_last;
};

/// The picture in memory. The steps to the neighbour below and to the right are 0 in a picture of one row or
/// column.
struct Strides {
  int row, column;
  int below, right;
  int last_upper, last_left;  ///< the largest row and column that have a neighbour
};

/// One element a pixel of an output row: its upper left neighbour in the input, and how far beyond that it
/// lies.
struct Positions {
  explicit Positions(int width)
      : corner(static_cast<std::size_t>(width)), down(corner.size()), across(corner.size()) {}
  std::vector<int> corner;
  std::vector<float> down;
  std::vector<float> across;
};

constexpr double clamped(double value, double last) noexcept {
  const double above = value > 0.0 ? value : 0.0;
  return above < last ? above : last;
}

/// In double: single precision would displace a pixel of column 256 by 1e-5.
EARSHOT_CLONES void locate(const RowSource& from, const Strides& strides, int width, int* __restrict corner,
                           float* __restrict down, float* __restrict across) {
  for (int column = 0; column < width; ++column) {
    const double row_at = clamped(from.row_start + from.row_step * column, from.row_last);
    const double column_at = clamped(from.column_start + from.column_step * column, from.column_last);
    const int upper = std::min(static_cast<int>(row_at), strides.last_upper);
    const int left = std::min(static_cast<int>(column_at), strides.last_left);
    corner[column] = upper * strides.row + left * strides.column;
    down[column] = static_cast<float>(row_at - upper);
    across[column] = static_cast<float>(column_at - left);
  }
}

/// One channel of a row: `out` width pixels, `strides.column` values apart.
EARSHOT_CLONES void interpolate(const Positions& positions, const Strides& strides,
                                const float* __restrict in, float* __restrict out) {
  const std::size_t width = positions.corner.size();
  for (std::size_t column = 0; column < width; ++column) {
    const float* upper = in + positions.corner[column];
    const float* lower = upper + strides.below;
    const float across = positions.across[column];
    const float top = upper[0] + across * (upper[strides.right] - upper[0]);
    const float bottom = lower[0] + across * (lower[strides.right] - lower[0]);
    out[column * static_cast<std::size_t>(strides.column)] = top + positions.down[column] * (bottom - top);
  }
}

void require(bool fits, const char* field, double found, const char* expected) {
  if (fits) return;
  throw Error(ExitCode::config, std::string("augmentation: ") + field + ": found " + std::to_string(found) +
                                    ", expected " + expected);
}

}  // namespace

void apply_affine(const Affine& affine, const FeatureShape& shape, std::span<const float> in,
                  std::span<float> out) {
  assert(in.size() == shape.size() && out.size() == shape.size());
  const double theta = affine.theta_deg * std::numbers::pi / 180.0;
  const double c = std::cos(theta);
  const double s = std::sin(theta);
  const double row_by_row = c * affine.zy;
  const double row_by_column = s * affine.zx;
  const double column_by_row = -s * affine.zy;
  const double column_by_column = c * affine.zx;
  const double middle_row = shape.height / 2.0 - 0.5;
  const double middle_column = shape.width / 2.0 - 0.5;
  const double row_offset =
      s * affine.tx + c * affine.ty + middle_row - row_by_row * middle_row - row_by_column * middle_column;
  const double column_offset = c * affine.tx - s * affine.ty + middle_column - column_by_row * middle_row -
                               column_by_column * middle_column;

  const int channels = shape.channels;
  const int row_stride = shape.width * channels;
  const Strides strides{row_stride,
                        channels,
                        shape.height > 1 ? row_stride : 0,
                        shape.width > 1 ? channels : 0,
                        std::max(shape.height - 2, 0),
                        std::max(shape.width - 2, 0)};
  Positions positions(shape.width);
  for (int row = 0; row < shape.height; ++row) {
    const RowSource from{row_offset + row_by_row * row,       row_by_column,    shape.height - 1.0,
                         column_offset + column_by_row * row, column_by_column, shape.width - 1.0};
    locate(from, strides, shape.width, positions.corner.data(), positions.down.data(),
           positions.across.data());
    for (int channel = 0; channel < channels; ++channel) {
      interpolate(positions, strides, in.data() + channel, out.data() + row * row_stride + channel);
    }
  }
}

ImageAugmentation::ImageAugmentation(const Settings& settings, const FeatureShape& shape)
    : settings_(settings), shape_(shape) {
  const auto within = [](double value, double least, double most) { return value >= least && value <= most; };
  require(within(settings.rotation_deg, 0.0, 180.0), "rotation_deg", settings.rotation_deg, "0 .. 180");
  require(within(settings.height_shift, 0.0, 1.0), "height_shift", settings.height_shift, "0 .. 1");
  require(within(settings.width_shift, 0.0, 1.0), "width_shift", settings.width_shift, "0 .. 1");
  require(within(settings.zoom_low, 0.01, 10.0), "zoom_low", settings.zoom_low, "0.01 .. 10");
  require(within(settings.zoom_high, settings.zoom_low, 10.0), "zoom_high", settings.zoom_high,
          "zoom_low .. 10");
}

Affine ImageAugmentation::draw(std::uint64_t key) const noexcept {
  KeyedRandom random(key);
  const double max_tx = settings_.height_shift * shape_.height;
  const double max_ty = settings_.width_shift * shape_.width;
  Affine affine;
  affine.theta_deg = random.uniform(-settings_.rotation_deg, settings_.rotation_deg);
  affine.tx = random.uniform(-max_tx, max_tx);
  affine.ty = random.uniform(-max_ty, max_ty);
  affine.zx = random.uniform(settings_.zoom_low, settings_.zoom_high);
  affine.zy = random.uniform(settings_.zoom_low, settings_.zoom_high);
  return affine;
}

}  // namespace earshot
