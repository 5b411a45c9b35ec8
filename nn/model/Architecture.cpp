#include "nn/model/Architecture.h"

#include <cstddef>
#include <map>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/model/LayerFields.h"

namespace earshot {
namespace {

// As generous as LayerRules' limits.
constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxName = 128;
constexpr std::int64_t kMaxActivation = std::int64_t{1} << 25;  // floats of one layer's output
constexpr std::int64_t kMaxParameters = std::int64_t{1} << 26;  // floats of the whole network

[[noreturn]] void refuse(const Layer& layer, const char* what, double found, const char* expected) {
  LayerCheck(layer.name, {}).refuse(what, found, expected);
}

// `inputs`: their shapes.
FeatureShape shape_after(const Layer& layer, const std::vector<FeatureShape>& inputs) {
  const LayerCheck check(layer.name, inputs);
  const std::size_t wanted = traits_of(layer.kind).inputs;
  if (inputs.size() != wanted) {
    check.refuse("the number of its inputs", static_cast<double>(inputs.size()), std::to_string(wanted));
  }
  return std::visit([&check](const auto& kind) { return kind.output(check); }, layer.kind);
}

// What one layer owns, in Keras' order. `in` is the shape it receives.
std::vector<ParameterSpec> specs_of(const Layer& layer, const FeatureShape& in) {
  LayerTensors tensors(layer.name, in.channels);
  std::visit([&tensors](const auto& kind) { kind.list_tensors(tensors); }, layer.kind);
  return tensors.take();
}

void expect_good_name(const Layer& layer, bool taken) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  bool good = !layer.name.empty() && layer.name.size() <= kMaxName;
  for (const char c : layer.name) good = good && allowed(c);
  if (!good) {
    throw Error(
        ExitCode::bad_data,
        "a layer's name is empty, too long or has other characters than letters, digits, '_', '-', '.'");
  }
  if (taken) {
    throw Error(ExitCode::bad_data, "layer '" + layer.name + "' occurs twice, expected unique names" +
                                        (layer.name == kNetworkInput ? " ('input' is the network's)" : ""));
  }
}

std::vector<FeatureShape> shapes_at(const std::vector<int>& layers, const std::vector<FeatureShape>& shapes,
                                    const FeatureShape& input) {
  std::vector<FeatureShape> result;
  for (const int layer : layers)
    result.push_back(layer < 0 ? input : shapes[static_cast<std::size_t>(layer)]);
  return result;
}

// What no later layer reads would be computed, and trained, for nothing.
void refuse_unused(const Architecture& architecture, const std::vector<std::vector<int>>& inputs) {
  const std::vector<int> readers = reader_counts(inputs);
  for (std::size_t i = 0; i + 1 < inputs.size(); ++i) {
    if (readers[i] > 0) continue;
    throw Error(ExitCode::bad_data, "layer '" + architecture.layers[i].name +
                                        "': no later layer reads it, expected one that does");
  }
}

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;  // at most 31 * 31 * 2^32: no overflow
  for (const std::int64_t size : shape) product *= size;
  return product;
}

}  // namespace

std::vector<FeatureShape> output_shapes(const Architecture& architecture) {
  std::vector<FeatureShape> shapes = shapes_so_far(architecture);
  refuse_unused(architecture, layer_inputs(architecture));
  return shapes;
}

std::vector<FeatureShape> shapes_so_far(const Architecture& architecture) {
  const FeatureShape& input = architecture.input;
  const auto side_fits = [](int side) { return side >= 1 && side <= kMaxSide; };
  if (!side_fits(input.height) || !side_fits(input.width) || input.channels < 1 ||
      input.channels > kMaxChannels ||
      std::int64_t{input.height} * input.width * input.channels > kMaxActivation) {
    throw Error(ExitCode::bad_data, "architecture: input is " + shape_text(input) +
                                        ", expected sides of 1 to 4096 and at most 2^25 values");
  }
  if (architecture.layers.empty() || architecture.layers.size() > kMaxLayers) {
    throw Error(ExitCode::bad_data, "architecture: " + std::to_string(architecture.layers.size()) +
                                        " layers, expected 1 to " + std::to_string(kMaxLayers));
  }

  std::vector<FeatureShape> shapes;
  shapes.reserve(architecture.layers.size());
  const std::vector<std::vector<int>> inputs = layer_inputs(architecture);
  std::int64_t parameters = 0;
  for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
    const Layer& layer = architecture.layers[i];
    const std::vector<FeatureShape> in = shapes_at(inputs[i], shapes, input);
    const FeatureShape out = shape_after(layer, in);
    const std::int64_t values = std::int64_t{out.height} * out.width * out.channels;
    if (values > kMaxActivation)
      refuse(layer, "its output's size", static_cast<double>(values), "at most 2^25 values");
    for (const ParameterSpec& spec : specs_of(layer, in.front())) parameters += elements(spec.shape);
    if (parameters > kMaxParameters) {
      refuse(layer, "the number of parameters up to it", static_cast<double>(parameters), "at most 2^26");
    }
    shapes.push_back(out);
  }
  return shapes;
}

std::vector<std::vector<int>> layer_inputs(const Architecture& architecture) {
  std::map<std::string, int> index = {{kNetworkInput, -1}};
  std::vector<std::vector<int>> result;
  for (const Layer& layer : architecture.layers) {
    const int own = static_cast<int>(result.size());
    std::vector<int>& inputs = result.emplace_back();
    for (const std::string& name : layer.inputs) {
      const auto found = index.find(name);
      if (found == index.end()) {
        throw Error(ExitCode::bad_data, "layer '" + layer.name + "': its input '" + name +
                                            "' is not an earlier layer, expected the name of one, or '" +
                                            kNetworkInput + "'");
      }
      inputs.push_back(found->second);
    }
    if (inputs.empty()) inputs.push_back(own - 1);
    expect_good_name(layer, index.contains(layer.name));
    index.emplace(layer.name, own);
  }
  return result;
}

std::vector<int> reader_counts(const std::vector<std::vector<int>>& inputs) {
  std::vector<int> counts(inputs.size(), 0);
  for (const std::vector<int>& own : inputs) {
    for (const int input : own) {
      if (input >= 0) ++counts[static_cast<std::size_t>(input)];
    }
  }
  return counts;
}

std::vector<ParameterSpec> parameter_specs(const Architecture& architecture) {
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  const std::vector<std::vector<int>> inputs = layer_inputs(architecture);
  std::vector<ParameterSpec> specs;
  for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
    const FeatureShape in = shapes_at(inputs[i], shapes, architecture.input).front();
    for (ParameterSpec& spec : specs_of(architecture.layers[i], in)) {
      spec.layer = i;
      specs.push_back(std::move(spec));
    }
  }
  return specs;
}

int class_count(const Architecture& architecture) {
  const FeatureShape logits = output_shapes(architecture).back();
  if (!is_flat(logits)) {
    refuse(architecture.layers.back(), "its output's height x width",
           logits.height * static_cast<double>(logits.width), "1 (the last layer gives the logits)");
  }
  return logits.channels;
}

std::int64_t parameter_count(const Architecture& architecture) {
  std::int64_t count = 0;
  for (const ParameterSpec& spec : parameter_specs(architecture)) count += elements(spec.shape);
  return count;
}

}  // namespace earshot
