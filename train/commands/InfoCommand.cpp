#include "train/commands/InfoCommand.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/JsonText.h"
#include "dsp/base/Utf8.h"
#include "nn/model/LayerFields.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"
#include "train/learning/TrainConfig.h"

namespace earshot {
namespace {

struct LayerInfo {
  std::string name;
  std::string kind;
  FeatureShape output;
  std::int64_t parameters = 0;
  std::int64_t macs = 0;  ///< multiply-accumulates of a window, of convolutions and dense layers
};

// A kernel is applied once at each of the output's positions; everything else multiplies nothing worth
// counting.
bool is_kernel(const std::string& tensor) {
  return tensor.ends_with("kernel");
}

std::vector<LayerInfo> layer_table(const Architecture& architecture) {
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  std::vector<LayerInfo> table;
  std::map<std::string, std::size_t> row;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Layer& layer = architecture.layers[i];
    row[layer.name] = i;
    table.push_back({layer.name, std::string(traits_of(layer.kind).title), shapes[i]});
  }
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    std::int64_t values = 1;
    for (const std::int64_t extent : spec.shape) values *= extent;
    LayerInfo& layer = table[row.at(spec.name.substr(0, spec.name.rfind('/')))];
    layer.parameters += values;
    if (is_kernel(spec.name)) layer.macs += values * layer.output.height * layer.output.width;
  }
  return table;
}

LayerInfo totals(const std::vector<LayerInfo>& table) {
  LayerInfo total;
  for (const LayerInfo& layer : table) {
    total.parameters += layer.parameters;
    total.macs += layer.macs;
  }
  return total;
}

std::string info_text(const Model& model, const std::vector<LayerInfo>& table) {
  const FeatureRecipe& recipe = model.recipe;
  std::string text = fmt::format("name         {}\n", printable(model.name));
  if (!model.sha256.empty()) text += fmt::format("sha256       {}\n", model.sha256);
  text += fmt::format(
      "recipe       {}: {} Hz, window {} samples ({:.2f} s), FFT {}, hop {}, {} mel bands, picture {}\n",
      printable(recipe.name), recipe.rate_hz, recipe.window_samples,
      static_cast<double>(recipe.window_samples) / recipe.rate_hz, recipe.fft_samples, recipe.hop_samples,
      recipe.mel_bands, shape_text(recipe.shape()));
  if (!model.labels.empty()) text += fmt::format("labels       {}\n", fmt::join(model.labels, ", "));
  text += fmt::format("temperature  {}\n", model.temperature);
  for (const auto& [key, value] : model.provenance) {
    text += fmt::format("{:<11}  {}\n", printable(key), printable(value));
  }
  text +=
      fmt::format("\n{:<24} {:<20} {:>16} {:>10} {:>14}\n", "layer", "kind", "output", "parameters", "MACs");
  for (const LayerInfo& layer : table) {
    text += fmt::format("{:<24} {:<20} {:>16} {:>10} {:>14}\n", printable(layer.name), layer.kind,
                        shape_text(layer.output), layer.parameters, layer.macs);
  }
  const LayerInfo total = totals(table);
  return text +
         fmt::format("{:<24} {:<20} {:>16} {:>10} {:>14}\n", "total", "", "", total.parameters, total.macs);
}

std::string info_json(const Model& model, const std::vector<LayerInfo>& table) {
  const FeatureRecipe& recipe = model.recipe;
  boost::json::array layers;
  for (const LayerInfo& layer : table) {
    layers.emplace_back(
        boost::json::object{{"name", layer.name},
                            {"kind", layer.kind},
                            {"output", {layer.output.height, layer.output.width, layer.output.channels}},
                            {"parameters", layer.parameters},
                            {"macs", layer.macs}});
  }
  const LayerInfo total = totals(table);
  return json_text(boost::json::object{{"name", model.name},
                                       {"sha256", model.sha256},
                                       {"recipe",
                                        {{"name", recipe.name},
                                         {"rate_hz", recipe.rate_hz},
                                         {"window_samples", recipe.window_samples},
                                         {"fft_samples", recipe.fft_samples},
                                         {"hop_samples", recipe.hop_samples},
                                         {"mel_bands", recipe.mel_bands},
                                         {"image_height", recipe.shape().height},
                                         {"image_width", recipe.shape().width}}},
                                       {"labels", boost::json::value_from(model.labels)},
                                       {"temperature", model.temperature},
                                       {"provenance", boost::json::value_from(model.provenance)},
                                       {"layers", std::move(layers)},
                                       {"parameters", total.parameters},
                                       {"macs", total.macs}});
}

// A configuration without its weights and labels.
Model untrained(const TrainConfig& config) {
  constexpr int kClasses = 10;
  constexpr int kAudioSetClasses = 521;
  Model model;
  model.name = config.name;
  model.recipe = config.recipe;
  model.architecture =
      network_architecture(config, config.architecture == "yamnet" ? kAudioSetClasses : kClasses);
  return model;
}

// A preset unless there is a file of its name.
Model subject(const std::filesystem::path& what) {
  const std::vector<std::string> presets = preset_names();
  const bool is_preset = std::ranges::find(presets, what.string()) != presets.end();
  std::error_code unseen;
  if (is_preset && !std::filesystem::exists(what, unseen)) return untrained(preset(what.string()));
  return what.extension() == ".toml" ? untrained(load_train_config(what)) : load_model(what);
}

}  // namespace

void run_info(const std::filesystem::path& what, bool json) {
  const Model model = subject(what);
  const std::vector<LayerInfo> table = layer_table(model.architecture);
  std::cout << (json ? info_json(model, table) : info_text(model, table));
}

void add_info(CommandLine& line) {
  struct Options {
    std::filesystem::path model;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  Command command =
      line.add("info", "Tell what a model file holds, or a preset or configuration would make", [options] {
        run_info(options->model, options->json);
        return 0;
      });
  command.option("model", &options->model, "The model file; or a preset's name, or a configuration (.toml)")
      .required();
  command.option("--json", &options->json, "One JSON document instead of text");
}

}  // namespace earshot
