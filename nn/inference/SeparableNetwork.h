// SeparableNetwork: a chain of depthwise and pointwise convolutions, as YAMNet is, laid out for our own loops.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "nn/inference/FusedLayers.h"
#include "nn/kernels/Dnnl.h"
#include "nn/kernels/PackedMatrix.h"
#include "nn/kernels/PictureRows.h"

namespace earshot {

/// A depthwise convolution and the pointwise one behind it are one stage: what lies between them never leaves the
/// cache. Immutable: any number of threads may use one.
class SeparableNetwork {
 public:
  /// Each pixel of a stage's output is a row: gathered from what the stage before left, then multiplied.
  struct Stage {
    enum class Rows {
      windows,    ///< what a convolution of few channels sees
      depthwise,  ///< by `depthwise`
      averages,   ///< of all pixels
      pixels,     ///< as they are
    };
    Rows rows = Rows::pixels;
    PictureWindow window;
    DepthwiseKernel depthwise;
    float depthwise_slope = 1.0F;        ///< of its activation; 1: none
    std::optional<PackedMatrix> matrix;  ///< else the rows are the output
    float slope = 1.0F;                  ///< of what the matrix gives

    RowShape row() const noexcept;     ///< what is gathered
    RowShape output() const noexcept;  ///< channels
  };

  /// Whether a network is such a chain: ReLUs or leaky ones between its layers, no layer read twice.
  static bool can_be(std::span<const FusedLayer> layers);

  /// Of layers for which can_be().
  explicit SeparableNetwork(std::span<const FusedLayer> layers);

  const std::vector<Stage>& stages() const noexcept { return stages_; }

 private:
  onednn::Buffer matrices_;  ///< of all stages
  std::vector<Stage> stages_;
};

}  // namespace earshot
