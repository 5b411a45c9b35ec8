// LayerForm: what each kind of layer is in training: an operation, a merge of two inputs, or a part of the
// epilogue of what is before it.
#pragma once

#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/training/Merge.h"
#include "nn/training/Operation.h"

namespace earshot {

using EpiloguePart = std::variant<BatchNorm, LeakyRelu, Activation, MaxPool2d, Dropout>;
/// Call under onednn::use_threads(1).
using MakeOperation = std::function<std::unique_ptr<Operation>(const OperationContext&)>;
using LayerForm = std::variant<EpiloguePart, Merge, MakeOperation>;

/// `inputs` are the shapes that it reads. `layer` outlives the result.
LayerForm form_of(const Layer& layer, const std::vector<FeatureShape>& inputs, const FeatureShape& output);

/// Whether an operation for `layer` can take an image as it is.
bool takes_image(const Layer& layer, const FeatureShape& image);

/// Copies an activation, or an image into the layout of activations.
std::unique_ptr<Operation> make_copy(const FeatureShape& shape, const OperationContext& context);

}  // namespace earshot
