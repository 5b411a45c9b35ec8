#include "nn/training/Stage.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/kernels/Slots.h"
#include "nn/training/LayerForm.h"

namespace earshot {
namespace {

/// An epilogue as it grows layer by layer.
class EpilogueBuilder {
 public:
  /// Takes the layer into the epilogue if it belongs into one and its place there is not behind. `index` is
  /// the layer's.
  bool take(const LayerForm& form, const std::string& name, std::size_t index) {
    const auto* part = std::get_if<EpiloguePart>(&form);
    return part && std::visit([&](const auto& kind) { return add(kind, name, index); }, *part);
  }

  const EpilogueParts& parts() const { return parts_; }

 private:
  enum Place { kNothing, kNorm, kCurve, kPool, kDropout };

  bool add(const BatchNorm& norm, const std::string& name, std::size_t) {
    // A ReLU so far goes before the norm.
    const bool only_relu = place_ == kCurve && !parts_.norm && parts_.slope == 0.0F;
    if (place_ >= kNorm && !only_relu) return false;
    if (only_relu) {
      parts_.rectify = true;
      parts_.slope.reset();
    }
    parts_.norm = norm;
    parts_.norm_name = name;
    place_ = kNorm;
    return true;
  }
  bool add(const LeakyRelu& relu, const std::string&, std::size_t) { return add_slope(relu.slope); }
  bool add(const Activation& activation, const std::string&, std::size_t) {
    if (activation.function == Activation::Function::relu) return add_slope(0.0F);
    if (place_ >= kCurve) return false;
    parts_.curve = activation.function;
    place_ = kCurve;
    return true;
  }
  bool add(const MaxPool2d& pool, const std::string&, std::size_t) {
    // Only what is monotonic commutes with pooling.
    if (place_ >= kPool || parts_.curve) return false;
    parts_.pool = pool.size;
    place_ = kPool;
    return true;
  }
  bool add(const Dropout& dropout, const std::string&, std::size_t index) {
    if (place_ >= kDropout) return false;
    parts_.dropout_rate = dropout.rate;
    parts_.dropout_whole = dropout.whole_sample;
    parts_.dropout_part = index;
    place_ = kDropout;
    return true;
  }

  bool add_slope(float slope) {
    if (place_ >= kCurve) return false;
    parts_.slope = slope;
    place_ = kCurve;
    return true;
  }

  EpilogueParts parts_;
  Place place_ = kNothing;
};

class Planner {
 public:
  Planner(const Architecture& architecture, const ParameterStore& parameters, std::size_t workers,
          std::size_t frozen_layers, Precision precision)
      : architecture_(architecture),
        parameters_(parameters),
        workers_(workers),
        frozen_layers_(frozen_layers),
        precision_(precision),
        shapes_(output_shapes(architecture)),
        inputs_(layer_inputs(architecture)),
        readers_(reader_counts(inputs_)),
        stage_of_(shapes_.size(), 0) {}

  std::vector<Stage> stages() {
    for (std::size_t layer = 0; layer < shapes_.size();) layer = add_stage(layer);
    return std::move(stages_);
  }

 private:
  FeatureShape shape_of(int layer) const {
    return layer < 0 ? architecture_.input : shapes_[static_cast<std::size_t>(layer)];
  }
  LayerForm form_of_layer(std::size_t layer) const {
    std::vector<FeatureShape> inputs;
    for (const int read : inputs_[layer]) inputs.push_back(shape_of(read));
    return form_of(architecture_.layers[layer], inputs, shapes_[layer]);
  }
  OperationContext context(bool from_image) const {
    return {
        .parameters = parameters_, .workers = workers_, .from_image = from_image, .precision = precision_};
  }

  /// The stage whose output a layer reads. An image that it cannot take as it is goes through a stage of its
  /// own.
  int stage_that_gives(int layer, bool takes_image_itself) {
    if (layer >= 0) return stage_of_[static_cast<std::size_t>(layer)];
    if (takes_image_itself) return Stage::kImage;
    if (image_stage_ == Stage::kImage) {
      Stage& stage = stages_.emplace_back();
      stage.operation = make_copy(architecture_.input, context(true));
      stage.epilogue =
          std::make_unique<Epilogue>(EpilogueParts{}, architecture_.input, architecture_.input, parameters_);
      stage.inputs = {Stage::kImage};
      const std::size_t before = stages_.size() - 1;
      stage.frozen = frozen_layers_ > 0 && (before == 0 || stages_[before - 1].frozen);
      image_stage_ = static_cast<int>(stages_.size()) - 1;
    }
    return image_stage_;
  }

  /// From layer `first` on; returns the first layer that is not in it.
  std::size_t add_stage(std::size_t first) {
    const Layer& layer = architecture_.layers[first];
    const FeatureShape input = shape_of(inputs_[first].front());
    const bool image = inputs_[first].front() < 0 && takes_image(layer, input);
    Stage stage;
    for (const int read : inputs_[first]) stage.inputs.push_back(stage_that_gives(read, image));

    const LayerForm form = form_of_layer(first);
    const bool only_epilogue = std::holds_alternative<EpiloguePart>(form);
    const FeatureShape linear = only_epilogue ? input : shapes_[first];
    if (only_epilogue) {
      stage.operation = make_copy(input, context(false));
    } else if (const auto* merge = std::get_if<Merge>(&form)) {
      stage.merge = *merge;
    } else {
      stage.operation = std::get<MakeOperation>(form)(context(image));
    }

    std::size_t next = only_epilogue ? first : first + 1;
    EpilogueBuilder epilogue;
    FeatureShape output = linear;
    while (next < shapes_.size() && (next == first || follows(next, first)) &&
           epilogue.take(form_of_layer(next), architecture_.layers[next].name, next)) {
      output = shapes_[next++];
    }
    stage.epilogue = std::make_unique<Epilogue>(epilogue.parts(), linear, output, parameters_);
    stage.frozen = next <= frozen_layers_;
    for (std::size_t i = first; i < next; ++i) {
      stage_of_[i] = static_cast<int>(stages_.size());
      stage.trained = stage.trained || has_trained_parameters(i);
    }
    stages_.push_back(std::move(stage));
    return next;
  }

  /// Whether a layer reads only the one before it, which nobody else reads, and both are frozen or neither.
  bool follows(std::size_t layer, std::size_t first) const {
    return inputs_[layer] == std::vector<int>{static_cast<int>(layer) - 1} && readers_[layer - 1] == 1 &&
           (first < frozen_layers_) == (layer < frozen_layers_);
  }

  bool has_trained_parameters(std::size_t layer) const {
    return std::ranges::any_of(parameters_.trainable(), [layer](const Parameter& parameter) {
      return parameter.spec->layer == layer;
    });
  }

  const Architecture& architecture_;
  const ParameterStore& parameters_;
  std::size_t workers_;
  std::size_t frozen_layers_;
  Precision precision_;
  std::vector<FeatureShape> shapes_;
  std::vector<std::vector<int>> inputs_;
  std::vector<int> readers_;   ///< of each layer's output, how many
  std::vector<int> stage_of_;  ///< each layer's
  std::vector<Stage> stages_;
  int image_stage_ = Stage::kImage;
};

void find_readers(std::vector<Stage>& stages) {
  const int count = static_cast<int>(stages.size());
  for (int s = 0; s < count; ++s) {
    stages[static_cast<std::size_t>(s)].first_reader = count;
    for (const int input : stages[static_cast<std::size_t>(s)].inputs) {
      if (input < 0) continue;
      Stage& read = stages[static_cast<std::size_t>(input)];
      read.first_reader = std::min(read.first_reader, s);
      read.last_reader = s;
    }
  }
  stages.back().first_reader = stages.back().last_reader = count - 1;
}

void find_gradients(std::vector<Stage>& stages) {
  for (Stage& stage : stages) {
    stage.needs_gradient = stage.trained;
    for (const int input : stage.inputs) {
      if (input >= 0 && stages[static_cast<std::size_t>(input)].needs_gradient) stage.needs_gradient = true;
    }
  }
}

/// An output's slot is free once its last reader has read it; that reader's own output may lie in it, since
/// an operation writes to the workspace first.
std::size_t assign_output_slots(std::vector<Stage>& stages) {
  Slots slots;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    std::set<int> read(stages[s].inputs.begin(), stages[s].inputs.end());
    for (const int input : read) {
      if (input < 0) continue;
      const Stage& given = stages[static_cast<std::size_t>(input)];
      if (given.last_reader == static_cast<int>(s)) slots.give_back(given.output_slot);
    }
    stages[s].output_slot = slots.take();
  }
  return slots.count();
}

/// A gradient lives from the last reader's backward pass to the end of its own stage's.
std::size_t assign_gradient_slots(std::vector<Stage>& stages) {
  Slots slots;
  stages.back().gradient_slot = slots.take();
  for (std::size_t s = stages.size(); s-- > 0;) {
    if (!stages[s].needs_gradient) continue;
    const std::set<int> read(stages[s].inputs.begin(), stages[s].inputs.end());
    for (const int input : read) {
      if (input < 0) continue;
      Stage& given = stages[static_cast<std::size_t>(input)];
      if (given.needs_gradient && given.last_reader == static_cast<int>(s))
        given.gradient_slot = slots.take();
    }
    slots.give_back(stages[s].gradient_slot);
  }
  return slots.count();
}

}  // namespace

StagePlan plan_stages(const Architecture& architecture, const ParameterStore& parameters, std::size_t workers,
                      std::size_t frozen_layers, Precision precision) {
  if (frozen_layers > 0 && parameters.trainable().empty()) {
    throw Error(ExitCode::bad_data, "freezing " + std::to_string(frozen_layers) + " of " +
                                        std::to_string(architecture.layers.size()) +
                                        " layers leaves no parameters to train, expected fewer");
  }
  StagePlan plan;
  plan.stages = Planner(architecture, parameters, workers, frozen_layers, precision).stages();
  find_readers(plan.stages);
  find_gradients(plan.stages);
  plan.output_slots = assign_output_slots(plan.stages);
  plan.gradient_slots = assign_gradient_slots(plan.stages);
  return plan;
}

}  // namespace earshot
