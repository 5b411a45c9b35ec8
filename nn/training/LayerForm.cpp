#include "nn/training/LayerForm.h"

#include <optional>
#include <string>

#include "nn/training/ConvolutionOperations.h"
#include "nn/training/DenseOperation.h"
#include "nn/training/ImageOperations.h"
#include "nn/training/LargeDenseOperation.h"
#include "nn/training/WinogradOperation.h"

namespace earshot {
namespace {

using Made = std::unique_ptr<Operation>;

std::optional<std::string> bias_name(bool has_bias, const std::string& layer) {
  return has_bias ? std::optional(layer + "/bias") : std::nullopt;
}

/// The form of each kind of layer. What it gives keeps a copy of it.
struct Former {
  const std::string& name;
  FeatureShape input;
  FeatureShape second;  ///< of a merge
  FeatureShape output;

  LayerForm operator()(const Conv2d& conv) const {
    return MakeOperation([conv, self = *this](const OperationContext& context) -> Made {
      const bool plain = conv.stride == 1 && conv.padding == Padding::same && conv.bias;
      if (plain && WinogradConvolution::pays(conv.kernel, self.input.channels)) {
        return std::make_unique<WinogradOperation>(self.name, self.input, self.output, context);
      }
      return self.convolution({.kernel = conv.kernel,
                               .stride = conv.stride,
                               .padding = conv.padding,
                               .kernel_name = self.name + "/kernel",
                               .bias_name = bias_name(conv.bias, self.name)},
                              context);
    });
  }
  LayerForm operator()(const DepthwiseConv2d& conv) const {
    return MakeOperation([conv, self = *this](const OperationContext& context) {
      return self.convolution({.kernel = conv.kernel,
                               .stride = conv.stride,
                               .padding = conv.padding,
                               .depthwise = true,
                               .kernel_name = self.name + "/depthwise_kernel",
                               .bias_name = bias_name(conv.bias, self.name)},
                              context);
    });
  }
  LayerForm operator()(const SeparableConv2d& conv) const {
    return MakeOperation([conv, self = *this](const OperationContext& context) {
      return std::make_unique<SeparableConv2dOperation>(conv, self.name, self.input, self.output, context);
    });
  }
  LayerForm operator()(const Dense&) const {
    return MakeOperation([self = *this](const OperationContext& context) -> Made {
      if (LargeDenseOperation::pays(self.input, self.output)) {
        return std::make_unique<LargeDenseOperation>(self.name, self.input, self.output, context);
      }
      return std::make_unique<DenseOperation>(self.name, self.input, self.output, context);
    });
  }
  LayerForm operator()(const GlobalAveragePool2d&) const {
    return MakeOperation(
        [in = input](const OperationContext&) { return std::make_unique<AveragePoolOperation>(in); });
  }
  LayerForm operator()(const Flatten&) const {
    return MakeOperation([in = input, out = output](const OperationContext&) {
      return std::make_unique<FlattenOperation>(in, out);
    });
  }
  LayerForm operator()(const ZeroPadding2d& pad) const {
    return MakeOperation([pad, in = input, out = output](const OperationContext&) {
      return std::make_unique<ZeroPaddingOperation>(pad, in, out);
    });
  }
  LayerForm operator()(const Rescaling& rescaling) const {
    return MakeOperation([rescaling, in = input](const OperationContext&) {
      return std::make_unique<ScaleOperation>(rescaling, in);
    });
  }
  LayerForm operator()(const Normalization&) const {
    return MakeOperation([self = *this](const OperationContext& context) {
      return std::make_unique<ScaleOperation>(context.parameters.find(self.name + "/mean"),
                                              context.parameters.find(self.name + "/variance"), self.input);
    });
  }
  LayerForm operator()(const Add&) const { return Merge(Merge::Kind::add, input); }
  LayerForm operator()(const Multiply&) const {
    return Merge(second == input ? Merge::Kind::multiply : Merge::Kind::gate, input);
  }
  LayerForm operator()(const BatchNorm& norm) const { return EpiloguePart(norm); }
  LayerForm operator()(const LeakyRelu& relu) const { return EpiloguePart(relu); }
  LayerForm operator()(const Activation& activation) const { return EpiloguePart(activation); }
  LayerForm operator()(const MaxPool2d& pool) const { return EpiloguePart(pool); }
  LayerForm operator()(const Dropout& dropout) const { return EpiloguePart(dropout); }

  Made convolution(const Convolution::Config& config, const OperationContext& context) const {
    return std::make_unique<ConvolutionOperation>(config, input, output, context);
  }
};

}  // namespace

LayerForm form_of(const Layer& layer, const std::vector<FeatureShape>& inputs, const FeatureShape& output) {
  return std::visit(Former{layer.name, inputs.front(), inputs.back(), output}, layer.kind);
}

// One channel has no lanes to fill: height x width is what kernels for first layers read, and ImageGradient.
bool takes_image(const Layer& layer, const FeatureShape& image) {
  const auto* conv = std::get_if<Conv2d>(&layer.kind);
  return image.channels == 1 && conv && conv->stride == 1 && conv->padding == Padding::same && conv->bias;
}

std::unique_ptr<Operation> make_copy(const FeatureShape& shape, const OperationContext& context) {
  return std::make_unique<CopyOperation>(shape, context);
}

}  // namespace earshot
