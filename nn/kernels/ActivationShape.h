// ActivationShape: how one sample's activation lies in memory between operations.
#pragma once

#include <cstddef>

#include "dsp/features/FeatureRecipe.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {

/// [channel block][height][width][lane]: oneDNN's nChw16c where the processor has AVX-512, else nChw8c. Lanes
/// beyond the last channel hold zeros. A flat tensor is one pixel, hence its channels in a row.
struct ActivationShape {
  int height = 1;
  int width = 1;
  int channels = 1;
  int lanes = 16;

  ActivationShape() = default;
  explicit ActivationShape(const FeatureShape& shape)
      : height(shape.height), width(shape.width), channels(shape.channels), lanes(onednn::channel_lanes()) {}

  std::size_t blocks() const { return static_cast<std::size_t>((channels + lanes - 1) / lanes); }
  std::size_t pixels() const { return static_cast<std::size_t>(height) * static_cast<std::size_t>(width); }
  std::size_t padded_channels() const { return blocks() * static_cast<std::size_t>(lanes); }
  std::size_t floats() const { return padded_channels() * pixels(); }

  onednn::Dims dims() const { return {1, channels, height, width}; }
  dnnl::memory::desc desc() const { return onednn::f32(dims(), tag()); }
  dnnl::memory::desc bfloat16_desc() const { return onednn::bf16(dims(), tag()); }

 private:
  dnnl::memory::format_tag tag() const {
    using Tag = dnnl::memory::format_tag;
    return lanes == 16 ? Tag::nChw16c : Tag::nChw8c;
  }
};

}  // namespace earshot
