#include "train/teaching/Base.h"

#include <utility>

#include "dsp/base/Error.h"
#include "dsp/base/Sha256.h"
#include "nn/inference/PreparedNetwork.h"
#include "nn/model/ModelJson.h"

namespace earshot {
namespace {

[[noreturn]] void refuse(const Model& model, const std::string& found) {
  throw Error(ExitCode::bad_data, model.name + ": cannot be a base: " + found +
                                      ", expected a model of labels that do not exclude each other (sigmoid), whose "
                                      "last layer is dense, as the bundled one");
}

}  // namespace

Base::Base(Model whole) : model(std::move(whole)) {
  if (model.architecture.scores == Scores::softmax) {
    refuse(model, "found scores that add up to 1 (softmax), so that a new label would change all others");
  }
  const std::vector<Layer>& layers = model.architecture.layers;
  const auto* dense = std::get_if<Dense>(&layers.back().kind);
  if (!dense || layers.size() < 2 || !model.weights.contains(layers.back().name + "/bias")) {
    refuse(model, "found '" + layers.back().name + "' as its last layer");
  }
  head = layers.back().name;
  width = static_cast<std::size_t>(kernel().shape.at(0));

  Model first = model;
  first.architecture.layers.pop_back();
  first.weights.erase(head + "/kernel");
  first.weights.erase(head + "/bias");
  Sha256 hash;
  FeatureRecipe recipe = model.recipe;
  recipe.clip = ClipFit::crop;  // however whole clips are taken: a window stays what it is
  hash.update(format_recipe(recipe));
  hash.update(format_architecture(first.architecture));
  for (const auto& [name, tensor] : first.weights) {
    hash.update(name);
    hash.update({reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float)});
  }
  digest = hash.hex();
  trunk = std::make_shared<const PreparedNetwork>(first);
  if (trunk->classes() != width) refuse(model, "found a last layer that does not read the layer before it alone");
}

}  // namespace earshot
