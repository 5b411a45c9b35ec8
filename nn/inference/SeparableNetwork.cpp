#include "nn/inference/SeparableNetwork.h"

#include <algorithm>
#include <cmath>

namespace earshot {
namespace {

using Kind = FusedLayer::Kind;
using Stage = SeparableNetwork::Stage;

constexpr int kWindowValues = 64;  // of a convolution whose windows are copied; larger ones are for oneDNN

bool is_leaky(const FusedLayer& layer) {
  return !layer.activation || layer.activation->function == FusedActivation::Function::leaky;
}

float slope_of(const FusedLayer& layer) {
  return layer.activation ? layer.activation->slope : 1.0F;
}

bool is_pointwise(const FusedLayer& layer) {
  return layer.kind == Kind::convolution && layer.size == 1 && layer.stride == 1 && layer.pad_top == 0 &&
         layer.pad_bottom == 0 && layer.pad_left == 0 && layer.pad_right == 0;
}

bool is_one_pixel(const FusedLayer& layer) {
  return layer.input.height == 1 && layer.input.width == 1;
}

bool can_be_stage(const FusedLayer& layer) {
  switch (layer.kind) {
    case Kind::convolution:
      return is_leaky(layer) &&
             (is_pointwise(layer) || layer.size * layer.size * layer.input.channels <= kWindowValues);
    case Kind::depthwise:
      return is_leaky(layer);
    case Kind::dense:
      return is_leaky(layer) && is_one_pixel(layer);
    case Kind::average_pool:
      return true;
    case Kind::flatten:
      return is_one_pixel(layer);
    case Kind::max_pool:
    case Kind::activation:
    case Kind::add:
    case Kind::multiply:
      return false;
  }
  return false;
}

std::size_t size(int value) {
  return static_cast<std::size_t>(value);
}

PictureWindow window_of(const FusedLayer& layer) {
  return {.height = size(layer.input.height),
          .width = size(layer.input.width),
          .channels = {size(layer.input.channels)},
          .out_height = size(layer.output.height),
          .out_width = size(layer.output.width),
          .size = size(std::max(layer.size, 1)),
          .stride = size(layer.stride),
          .pad_top = size(layer.pad_top),
          .pad_left = size(layer.pad_left)};
}

// (out, in, size, size) -> (out, size, size, in), as copy_windows() gathers.
std::vector<float> by_window(const FusedLayer& layer) {
  const std::size_t taps = layer.kind == Kind::dense ? 1 : size(layer.size * layer.size);
  const std::size_t inputs = size(layer.input.channels);
  std::vector<float> weights(layer.weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t tap = i % taps;
    const std::size_t input = i / taps % inputs;
    weights[i - i % (taps * inputs) + tap * inputs + input] = layer.weights[i];
  }
  return weights;
}

bool has_matrix(const FusedLayer& layer) {
  return layer.kind == Kind::convolution || layer.kind == Kind::dense;
}

// So few that a matrix is read from memory for longer than it takes to multiply by it.
bool has_few_pixels(const FusedLayer& layer) {
  constexpr int kFewPixels = 6;
  return layer.output.height * layer.output.width <= kFewPixels;
}

// A step of nothing tells no numbers.
bool has_steps(const FusedLayer& layer) {
  return !layer.steps.empty() &&
         std::ranges::all_of(layer.steps, [](double step) { return std::isnormal(static_cast<float>(step * 0x1p-16)); });
}

// `weights` as by_window() gives them.
MatrixValues matrix_values(const FusedLayer& layer, std::span<const float> weights) {
  const std::size_t outputs = size(layer.output.channels);
  MatrixValues values{weights.size() / outputs, outputs, weights, layer.bias, {}};
  if (has_few_pixels(layer) && has_steps(layer)) values.steps = layer.steps;
  return values;
}

}  // namespace

RowShape Stage::row() const noexcept {
  if (rows != Rows::windows) return window.channels;
  return {window.size * window.size * window.channels.values};
}

RowShape Stage::output() const noexcept {
  return matrix ? matrix->output() : row();
}

bool SeparableNetwork::can_be(std::span<const FusedLayer> layers) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool first = i == 0;
    const int before = first ? FusedLayer::kFeatures : static_cast<int>(i) - 1;
    if (layers[i].inputs != std::vector<int>{before} || !can_be_stage(layers[i])) return false;
    // Only copied windows read features, which have no padding between their pixels.
    if (first && (layers[i].kind != Kind::convolution || is_pointwise(layers[i]))) return false;
    if (!first && layers[i].kind == Kind::convolution && !is_pointwise(layers[i])) return false;
  }
  return std::ranges::any_of(layers, [](const FusedLayer& layer) { return layer.kind == Kind::depthwise; });
}

SeparableNetwork::SeparableNetwork(std::span<const FusedLayer> layers) {
  std::size_t floats = 0;
  for (const FusedLayer& layer : layers) floats += has_matrix(layer) ? matrix_values(layer, layer.weights).packed_floats() : 0;
  matrices_ = onednn::Buffer(floats * sizeof(float));
  float* place = matrices_.floats();
  const auto set_matrix = [&place](Stage& stage, const FusedLayer& layer) {
    const std::vector<float> weights = by_window(layer);
    const MatrixValues values = matrix_values(layer, weights);
    stage.matrix.emplace(values, place);
    stage.slope = slope_of(layer);
    place += values.packed_floats();
  };
  for (const FusedLayer& layer : layers) {
    if (layer.kind == Kind::flatten) continue;
    // A matrix behind rows that still have none: they never leave the cache.
    const bool is_matrix_alone = layer.kind == Kind::dense || is_pointwise(layer);
    if (is_matrix_alone && !stages_.empty() && !stages_.back().matrix) {
      set_matrix(stages_.back(), layer);
      continue;
    }
    Stage& stage = stages_.emplace_back();
    stage.window = window_of(layer);
    if (layer.kind == Kind::convolution && !is_matrix_alone) {
      stage.rows = Stage::Rows::windows;
    } else if (layer.kind == Kind::depthwise) {
      stage.rows = Stage::Rows::depthwise;
      stage.depthwise = DepthwiseKernel(stage.window, layer.weights, layer.bias);
      stage.depthwise_slope = slope_of(layer);
    } else if (layer.kind == Kind::average_pool) {
      stage.rows = Stage::Rows::averages;
    }
    if (has_matrix(layer)) set_matrix(stage, layer);
  }
}

}  // namespace earshot
