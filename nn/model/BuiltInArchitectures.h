// BuiltInArchitectures: the networks that have a name, layer names as Keras gives them.
#pragma once

#include <string>
#include <vector>

#include "nn/model/Architecture.h"

namespace earshot {

/// The source's v6 (source-recipe: Keras Sequential, 212 714 parameters at 10 classes).
Architecture v6_architecture(int classes);

/// The source's v5 (source-recipe: Keras Sequential, 5 770 858 parameters at 10 classes).
Architecture v5_architecture(int classes);

/// keras.applications.EfficientNetB0 of Keras 3.5 (Tan and Le 2019) without its top, then average pooling,
/// Dropout 0.2 and a dense layer, as the source's experiment has it. `imagenet_rescaling`: the second
/// Rescaling that Keras adds with ImageNet weights. Input side x side x 3, values of 0 to 255.
Architecture efficientnet_b0_architecture(int classes, int side = 224, bool imagenet_rescaling = false);

/// YAMNet (tensorflow/models, research/audioset/yamnet: MobileNet v1 of Howard et al. 2017) over patches of
/// 96 frames x 64 bands; each class by itself. '/' in its layers' names is '_' here.
Architecture yamnet_architecture(int classes = 521);

/// What a configuration may ask for by name.
std::vector<std::string> built_in_names();
/// Throws Error(usage) naming those there are.
Architecture built_in_architecture(const std::string& name, int classes);

}  // namespace earshot
