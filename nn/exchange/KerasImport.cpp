#include "nn/exchange/KerasImport.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/FileKind.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Sha256.h"
#include "nn/exchange/Hdf5File.h"
#include "nn/exchange/KerasGraph.h"
#include "nn/exchange/KerasStored.h"
#include "nn/exchange/KerasWeights.h"
#include "nn/exchange/ZipArchive.h"

namespace earshot {
namespace {

// Keras' ImageNet weights normalise by the square root of their standard deviations once more, in a Rescaling
// that networks without those weights lack (keras/src/applications/efficientnet.py). Dividing by sqrt(v)
// sqrt(s) is dividing by sqrt(v s): it goes into the variance.
constexpr float kImageNetDeviations[] = {0.229F, 0.224F, 0.225F};

// The largest network we can have, with Adam's state and some room.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30U;

void take(KerasWeights weights, KerasNetwork& network) {
  network.weights = std::move(weights.weights);
  network.missing = std::move(weights.missing);
  network.unused = std::move(weights.unused);
}

void take(KerasGraph graph, const Hdf5File& file, KerasNetwork& network) {
  output_shapes(graph.architecture);  // every size is in range before anything is read by it
  take(read_keras_weights(file, graph), network);
  network.architecture = std::move(graph.architecture);
  network.notes = std::move(graph.notes);
  validate(network.weights, network.architecture);
}

void read_weights_alone(const Hdf5File& file, const Architecture* known, KerasNetwork& network) {
  network.format = "Keras HDF5 weights";
  keras_layout(file);  // first of all, whether it is of Keras
  if (!known) {
    throw Error(ExitCode::usage,
                "holds weights alone, expected the network that they are for (--architecture)");
  }
  take(read_keras_weights(file, *known), network);
  network.architecture = *known;
  if (network.weights.empty()) {
    throw Error(ExitCode::bad_data, "holds no weights that fit the network '" + known->name + "'");
  }
  fold_imagenet_rescaling(network, *known);
  for (const auto& [name, tensor] : network.weights) {
    for (const float value : tensor.values) {
      if (!std::isfinite(value)) {
        throw Error(ExitCode::bad_data,
                    "tensor '" + name + "' holds NaN or infinity, expected finite values");
      }
    }
  }
}

std::string version_of(const std::string& metadata) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(metadata, error);
  const boost::json::value* version =
      !error && value.is_object() ? value.get_object().if_contains("keras_version") : nullptr;
  return version && version->is_string() ? std::string(version->get_string()) : std::string();
}

void read_archive(std::string_view bytes, const FeatureShape& input, KerasNetwork& network) {
  network.format = "Keras archive";
  const ZipArchive archive(bytes);
  for (const char* entry : {"config.json", "model.weights.h5"}) {
    if (!archive.contains(entry)) {
      throw Error(ExitCode::bad_data, std::string("is a zip archive, but none of Keras: it has no ") + entry);
    }
  }
  if (archive.contains("metadata.json"))
    network.keras_version = version_of(archive.read("metadata.json", 65536));
  KerasGraph graph = read_keras_graph(archive.read("config.json", kMaxKerasJsonBytes), input);
  // The weights, up to four slots of an optimizer beside each, and room for the file's own: what is more is
  // none.
  const std::uint64_t numbers = static_cast<std::uint64_t>(parameter_count(graph.architecture));
  const std::uint64_t most_bytes = numbers * sizeof(float) * 6 + (std::uint64_t{64} << 20U);
  const std::string weights =
      archive.read("model.weights.h5", std::min<std::uint64_t>(kMaxFileBytes, most_bytes));
  take(std::move(graph), Hdf5File(weights), network);
}

void read_hdf5(std::string_view bytes, const Architecture* known, const FeatureShape& input,
               KerasNetwork& network) {
  const Hdf5File file(bytes);
  const auto version = file.text_attribute("", "keras_version");
  const auto inner = version ? version : file.text_attribute("model_weights", "keras_version");
  network.keras_version = inner.value_or("");
  const auto config = file.text_attribute("", "model_config");
  if (!config) return read_weights_alone(file, known, network);
  network.format = "Keras HDF5 model";
  take(read_keras_graph(*config, input), file, network);
}

}  // namespace

void fold_imagenet_rescaling(KerasNetwork& network, const Architecture& target) {
  const auto rescales = [](const Layer& layer) { return std::holds_alternative<Rescaling>(layer.kind); };
  if (std::ranges::count_if(target.layers, rescales) > 1) return;  // it has that Rescaling
  for (const Layer& layer : network.architecture.layers) {
    if (!std::holds_alternative<Normalization>(layer.kind)) continue;
    const auto found = network.weights.find(layer.name + "/variance");
    if (found == network.weights.end() || found->second.values.size() != std::size(kImageNetDeviations))
      continue;
    std::vector<float>& variance = found->second.values;
    bool imagenet = true;
    for (std::size_t i = 0; i < variance.size(); ++i) {
      imagenet = imagenet && std::abs(variance[i] - kImageNetDeviations[i]) < 1e-4F;
    }
    if (!imagenet) continue;
    for (std::size_t i = 0; i < variance.size(); ++i) variance[i] *= kImageNetDeviations[i];
    network.notes.push_back(
        "layer '" + layer.name +
        "': these are ImageNet weights; the rescaling that Keras adds for them is in its variance");
  }
}

bool is_keras_file(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".keras" || extension == ".h5" || extension == ".hdf5";
}

KerasNetwork read_keras(const std::filesystem::path& path, const Architecture* known,
                        const FeatureShape& input) {
  const std::string bytes = read_file(path, kMaxFileBytes, "a file of Keras");
  KerasNetwork network;
  try {
    network.sha256 = sha256_of(bytes);
    if (is_zip(bytes)) {
      read_archive(bytes, input, network);
    } else if (is_hdf5(bytes)) {
      read_hdf5(bytes, known, input, network);
    } else {
      throw Error(ExitCode::bad_data,
                  "has " + std::to_string(bytes.size()) +
                      " bytes and is neither a zip archive nor HDF5, expected a .keras or .h5 file");
    }
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  }
  return network;
}

}  // namespace earshot
