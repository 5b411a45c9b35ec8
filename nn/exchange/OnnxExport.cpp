#include "nn/exchange/OnnxExport.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/exchange/OnnxGraph.h"
#include "nn/model/KernelLayout.h"
#include "nn/model/ModelJson.h"
#include "nn/model/SamePadding.h"

namespace earshot {
namespace {

// What the graph itself calls something.
constexpr std::array<std::string_view, 5> kReserved = {"features", "input", "logits", "temperature",
                                                       "scores"};

using Shape = std::vector<std::int64_t>;

// A tensor of the graph: (batch, channels, height, width), or flat (batch, values).
struct OnnxValue {
  std::string name;
  bool flat = false;
};

class Exporter {
 public:
  explicit Exporter(const Model& model) : model_(model) {}

  std::string run() {
    const Architecture& architecture = model_.architecture;
    const FeatureShape& input = architecture.input;
    const int classes = class_count(architecture);
    validate(model_.weights, architecture);
    const std::vector<FeatureShape> shapes = output_shapes(architecture);

    graph_.input("features", {-1, input.height, input.width, input.channels});
    graph_.output("scores", {-1, classes});
    values_["input"] = {
        graph_.node("Transpose", "input", {"features"}, OnnxAttributes().integers("perm", {0, 3, 1, 2}))};
    shapes_["input"] = input;
    std::string previous = "input";
    for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
      const Layer& layer = architecture.layers[i];
      inputs_ = layer.inputs.empty() ? std::vector<std::string>{previous} : layer.inputs;
      layer_ = &layer;
      values_[layer.name] = std::visit([this](const auto& kind) { return append(kind); }, layer.kind);
      shapes_[layer.name] = shapes[i];
      previous = layer.name;
    }
    finish(flat(values_.at(previous)));

    graph_.metadata("labels", format_labels(model_.labels));
    graph_.metadata("recipe", format_recipe(model_.recipe));
    return graph_.model(architecture.name);
  }

 private:
  // Of the layer's node and its output; a layer cannot have '/' in its name.
  std::string name() const {
    const bool taken = std::ranges::find(kReserved, layer_->name) != kReserved.end();
    return taken ? layer_->name + "/layer" : layer_->name;
  }
  OnnxValue in(std::size_t i = 0) const { return values_.at(inputs_[i]); }
  const FeatureShape& in_shape(std::size_t i = 0) const { return shapes_.at(inputs_[i]); }
  const Tensor& tensor(const char* last) const { return model_.weights.at(layer_->name + "/" + last); }

  // The same values with or without sides of 1.
  std::string flat(const OnnxValue& value) {
    if (value.flat) return value.name;
    return graph_.node("Flatten", fresh(value.name + "/flat"), {value.name},
                       OnnxAttributes().integer("axis", 1));
  }
  std::string image(const OnnxValue& value) {
    if (!value.flat) return value.name;
    constexpr std::array<std::int64_t, 4> kShape = {0, -1, 1, 1};  // 0: as it is
    const std::string shape = fresh(value.name + "/image_shape");
    return graph_.node("Reshape", fresh(value.name + "/image"), {value.name, graph_.constant(shape, kShape)});
  }
  std::string fresh(const std::string& name) {
    const int earlier = names_[name]++;
    return earlier == 0 ? name : name + "_" + std::to_string(earlier);
  }

  std::string vector(const char* last) {
    const Tensor& values = tensor(last);
    return graph_.constant(name() + "/" + last, values.shape, values.values);
  }
  // One value a channel, or one for all, to be combined with `like`.
  std::string per_channel(const std::string& last, std::span<const float> values, const OnnxValue& like) {
    Shape shape(like.flat ? 2 : 4, 1);
    shape[1] = static_cast<std::int64_t>(values.size());
    return graph_.constant(name() + "/" + last, shape, values);
  }

  OnnxAttributes window(int kernel, int stride, Padding padding) const {
    const auto pad = [&](int side) {
      return padding == Padding::same ? same_padding(side, kernel, stride) : AxisPadding{};
    };
    const AxisPadding rows = pad(in_shape().height);
    const AxisPadding columns = pad(in_shape().width);
    OnnxAttributes attributes;
    attributes.integers("kernel_shape", {kernel, kernel}).integers("strides", {stride, stride});
    attributes.integers("pads", {rows.before, columns.before, rows.after, columns.after});
    return attributes;
  }

  std::string kernel(const char* last, bool depthwise) {
    const Tensor& values = tensor(last);
    const Shape& k = values.shape;
    const auto side = [&k](std::size_t i) { return static_cast<std::size_t>(k[i]); };
    const std::size_t field = side(0) * side(1);
    if (depthwise) {
      return graph_.constant(name() + "/" + last, Shape{k[2], 1, k[0], k[1]},
                             transposed(values.values, field, side(2)));
    }
    return graph_.constant(name() + "/" + last, Shape{k[3], k[2], k[0], k[1]},
                           to_oihw(values.values, field, side(2), side(3)));
  }

  OnnxValue convolution(const std::string& node, const std::string& input, const char* kernel_name,
                    bool depthwise, bool bias, OnnxAttributes attributes) {
    if (depthwise) attributes.integer("group", in_shape().channels);
    const std::string weight = kernel(kernel_name, depthwise);
    if (!bias) return {graph_.node("Conv", node, {input, weight}, attributes)};
    return {graph_.node("Conv", node, {input, weight, vector("bias")}, attributes)};
  }

  OnnxValue append(const Conv2d& conv) {
    return convolution(name(), image(in()), "kernel", false, conv.bias,
                       window(conv.kernel, conv.stride, conv.padding));
  }
  OnnxValue append(const DepthwiseConv2d& conv) {
    return convolution(name(), image(in()), "depthwise_kernel", true, conv.bias,
                       window(conv.kernel, conv.stride, conv.padding));
  }
  OnnxValue append(const SeparableConv2d& conv) {
    const OnnxValue depthwise = convolution(name() + "/depthwise", image(in()), "depthwise_kernel", true, false,
                                        window(conv.kernel, conv.stride, Padding::same));
    OnnxAttributes attributes;
    attributes.integers("kernel_shape", {1, 1});
    return convolution(name(), depthwise.name, "pointwise_kernel", false, true, attributes);
  }
  OnnxValue append(const Dense&) {
    return {graph_.node("Gemm", name(), {flat(in()), vector("kernel"), vector("bias")}), true};
  }
  OnnxValue append(const BatchNorm& norm) {
    const Tensor& beta = tensor("beta");
    const std::vector<float> ones(beta.values.size(), 1.0F);
    const std::string gamma =
        norm.scale ? vector("gamma") : graph_.constant(name() + "/gamma", beta.shape, ones);
    return {graph_.node("BatchNormalization", name(),
                        {in().name, gamma, vector("beta"), vector("moving_mean"), vector("moving_variance")},
                        OnnxAttributes().number("epsilon", norm.epsilon)),
            in().flat};
  }
  OnnxValue append(const LeakyRelu& relu) {
    return {graph_.node("LeakyRelu", name(), {in().name}, OnnxAttributes().number("alpha", relu.slope)),
            in().flat};
  }
  OnnxValue append(const Activation& activation) {
    switch (activation.function) {
      case Activation::Function::relu:
        return {graph_.node("Relu", name(), {in().name}), in().flat};
      case Activation::Function::sigmoid:
        return {graph_.node("Sigmoid", name(), {in().name}), in().flat};
      case Activation::Function::swish:
        break;
    }
    return {graph_.node("Mul", name(), {in().name, graph_.node("Sigmoid", name() + "/sigmoid", {in().name})}),
            in().flat};
  }
  OnnxValue append(const MaxPool2d& pool) {
    OnnxAttributes attributes;
    attributes.integers("kernel_shape", {pool.size, pool.size}).integers("strides", {pool.size, pool.size});
    return {graph_.node("MaxPool", name(), {image(in())}, attributes)};
  }
  OnnxValue append(const Dropout&) { return in(); }
  OnnxValue append(const GlobalAveragePool2d&) {
    return {graph_.node("GlobalAveragePool", name(), {image(in())})};
  }
  OnnxValue append(const ZeroPadding2d& pad) {
    const std::array<std::int64_t, 8> pads = {0, 0, pad.top, pad.left, 0, 0, pad.bottom, pad.right};
    return {graph_.node("Pad", name(), {image(in()), graph_.constant(name() + "/pads", pads)})};
  }
  // Keras' order is height, width, channels.
  OnnxValue append(const Flatten&) {
    if (in().flat) return in();
    const std::string last = graph_.node("Transpose", name() + "/channels_last", {in().name},
                                         OnnxAttributes().integers("perm", {0, 2, 3, 1}));
    return {graph_.node("Flatten", name(), {last}, OnnxAttributes().integer("axis", 1)), true};
  }
  OnnxValue append(const Rescaling& rescaling) {
    const std::string scale = per_channel("scale", rescaling.scale, in());
    const std::string offset = per_channel("offset", std::array<float, 1>{rescaling.offset}, in());
    return {graph_.node("Add", name(), {graph_.node("Mul", name() + "/scaled", {in().name, scale}), offset}),
            in().flat};
  }
  OnnxValue append(const Normalization&) {
    std::vector<float> deviation = tensor("variance").values;
    for (float& value : deviation) value = normalization_deviation(value);
    const std::string mean = per_channel("mean", tensor("mean").values, in());
    const std::string divisor = per_channel("deviation", deviation, in());
    return {graph_.node("Div", name(), {graph_.node("Sub", name() + "/centred", {in().name, mean}), divisor}),
            in().flat};
  }
  OnnxValue append(const Add&) { return combine("Add"); }
  OnnxValue append(const Multiply&) { return combine("Mul"); }
  OnnxValue combine(const char* type) {
    if (in(0).flat && in(1).flat) return {graph_.node(type, name(), {in(0).name, in(1).name}), true};
    return {graph_.node(type, name(), {image(in(0)), image(in(1))})};
  }

  void finish(std::string logits) {
    if (model_.temperature != 1.0F) {
      const std::array<float, 1> temperature = {model_.temperature};
      logits = graph_.node("Div", "logits", {logits, graph_.constant("temperature", Shape{1}, temperature)});
    }
    if (model_.architecture.scores == Scores::sigmoid) {
      graph_.node("Sigmoid", "scores", {logits});
    } else {
      graph_.node("Softmax", "scores", {logits}, OnnxAttributes().integer("axis", 1));
    }
  }

  const Model& model_;
  OnnxGraph graph_;
  std::map<std::string, OnnxValue> values_;  ///< of each layer, by its name
  std::map<std::string, FeatureShape> shapes_;
  std::map<std::string, int> names_;  ///< of nodes that several layers may ask for
  // The layer at hand.
  const Layer* layer_ = nullptr;
  std::vector<std::string> inputs_;
};

}  // namespace

std::string onnx_model(const Model& model) {
  return Exporter(model).run();
}

}  // namespace earshot
