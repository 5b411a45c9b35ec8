// OnnxExport: a model -> the bytes of an ONNX file that maps features to scores.
#pragma once

#include <string>

#include "nn/model/Model.h"

namespace earshot {

/// Opset 13. Input "features" float (batch, height, width, channels), output "scores" float (batch, classes),
/// the batch free; labels and recipe travel as metadata. Every layer is a node or a few of its own name, none
/// folded into another. Throws Error(bad_data) if the model's parts do not fit.
std::string onnx_model(const Model& model);

}  // namespace earshot
