#include "nn/inference/ConvolutionChoice.h"

#include <algorithm>
#include <string_view>

#include "nn/kernels/WinogradConvolution.h"

namespace earshot {
namespace {

using Kind = FusedLayer::Kind;
using onednn::Dims;

// What Winograd's convolutions do: 3x3, stride 1, 'same', and an activation that commutes with pooling.
bool may_be_winograd(const FusedLayer& layer) {
  const bool same =
      layer.pad_top == 1 && layer.pad_bottom == 1 && layer.pad_left == 1 && layer.pad_right == 1;
  const bool leaky = !layer.activation || layer.activation->function == FusedActivation::Function::leaky;
  return layer.size == 3 && layer.stride == 1 && same && leaky;
}

}  // namespace

Dims image_dims(const FeatureShape& shape) {
  return {1, shape.channels, shape.height, shape.width};
}

onednn::ConvolutionShape convolution_shape(const FusedLayer& layer) {
  onednn::ConvolutionShape shape;
  const dnnl::memory::dim in = layer.input.channels;
  const dnnl::memory::dim out = layer.output.channels;
  shape.input = onednn::any(image_dims(layer.input));
  shape.kernel = onednn::any(layer.kind == Kind::depthwise ? Dims{in, 1, 1, layer.size, layer.size}
                                                           : Dims{out, in, layer.size, layer.size});
  if (!layer.bias.empty()) shape.bias = onednn::f32({out}, dnnl::memory::format_tag::x);
  shape.output = onednn::any(image_dims(layer.output));
  shape.strides = {layer.stride, layer.stride};
  shape.pad_begin = {layer.pad_top, layer.pad_left};
  shape.pad_end = {layer.pad_bottom, layer.pad_right};
  return shape;
}

bool is_own_winograd(const FusedLayer& layer) {
  return may_be_winograd(layer) && WinogradConvolution::pays(layer.size, layer.input.channels);
}

std::optional<dnnl::convolution_forward::primitive_desc> make_winograd(const FusedLayer& layer) {
  // With fewer channels than a vector has lanes the direct kernels win.
  if (!may_be_winograd(layer) || layer.input.channels < onednn::channel_lanes()) return std::nullopt;
  const auto desc = onednn::convolution(convolution_shape(layer), onednn::Algorithm::winograd,
                                        dnnl::prop_kind::forward_inference);
  if (std::string_view(desc.impl_info_str()).find("wino") == std::string_view::npos) return std::nullopt;
  return desc;
}

bool next_convolution_is_winograd(std::span<const FusedLayer> following) {
  const auto keeps_layout = [](const FusedLayer& layer) {
    return layer.kind == Kind::max_pool || layer.kind == Kind::activation;
  };
  const auto next = std::find_if_not(following.begin(), following.end(), keeps_layout);
  return next != following.end() && next->kind == Kind::convolution &&
         (is_own_winograd(*next) || make_winograd(*next).has_value());
}

}  // namespace earshot
