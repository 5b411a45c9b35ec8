// ConvolutionChoice: how a fused convolution is computed: by Winograd's algorithm, ours or oneDNN's, or
// directly.
#pragma once

#include <optional>
#include <span>

#include "nn/inference/FusedLayers.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {

/// n, c, h, w of one.
onednn::Dims image_dims(const FeatureShape& shape);

/// Layouts are oneDNN's to choose.
onednn::ConvolutionShape convolution_shape(const FusedLayer& layer);

bool is_own_winograd(const FusedLayer& layer);
/// Nothing where oneDNN has none, or direct convolution wins. Throws dnnl::error.
std::optional<dnnl::convolution_forward::primitive_desc> make_winograd(const FusedLayer& layer);
/// Of the layers that come, in their order.
bool next_convolution_is_winograd(std::span<const FusedLayer> following);

}  // namespace earshot
