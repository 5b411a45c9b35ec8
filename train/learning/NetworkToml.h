// NetworkToml: a network of the user's own, from the tables [network] and [[network.layer]] of a
// configuration.
#pragma once

#include <optional>

#include "dsp/base/StrictToml.h"
#include "nn/model/Architecture.h"

namespace earshot {

/// Nothing if there is no [network]. Its input is left empty: it is what the recipe gives. A dense layer
/// without `units` is one that has as many as there are classes. A layer's fields are those of a model file,
/// each with Keras' default where it has one; one without a name is called after its kind and its number
/// among that kind. Throws Error(config) with file, line and key.
std::optional<Architecture> read_network(StrictToml& file);

/// The same network for pictures of `input` and `classes` classes. Throws as output_shapes does.
Architecture fitted(Architecture network, const FeatureShape& input, int classes);

}  // namespace earshot
