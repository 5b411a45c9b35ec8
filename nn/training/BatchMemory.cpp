#include "nn/training/BatchMemory.h"

#include <algorithm>

#include "nn/kernels/Bfloat16.h"

namespace earshot {

BatchMemory::BatchMemory(const StagePlan& plan, std::size_t image_floats)
    : plan_(plan), image_floats_(image_floats), kept_(plan.stages.size()) {}

void BatchMemory::begin(std::span<const float> images, std::size_t n, std::span<const std::uint64_t> keys) {
  reserve(n);
  samples_ = n;
  std::ranges::copy(images, images_.floats());
  keys_.assign(keys.begin(), keys.end());
}

void BatchMemory::reserve(std::size_t n) {
  if (n <= capacity_) return;
  const auto bytes = [n](std::size_t floats) { return n * floats * sizeof(float); };
  std::vector<std::size_t> slots(plan_.gradient_slots, 0);
  for (std::size_t s = 0; s < plan_.stages.size(); ++s) {
    const Stage& stage = plan_.stages[s];
    const std::size_t y_floats = stage.epilogue->input().floats();
    const std::size_t output_floats = stage.epilogue->output().floats();
    if (stage.needs_gradient || s + 1 == plan_.stages.size()) {
      slots[stage.gradient_slot] = std::max(slots[stage.gradient_slot], output_floats);
    }
    if (is_border(s)) kept_[s].output = onednn::Buffer(bytes(output_floats));
    if (stage.frozen) continue;
    kept_[s].y = onednn::Buffer(bytes(y_floats));
    if (stage.epilogue->pools()) kept_[s].pooled = onednn::Buffer(bytes(output_floats));
    if (!stage.takes_batch()) continue;
    const std::size_t input_floats = floats_of(stage.inputs.front());
    kept_[s].inputs = onednn::Buffer(bytes(input_floats));
    kept_[s].y_gradients = onednn::Buffer(bytes(y_floats));
    kept_[s].input_gradients = onednn::Buffer(bytes(input_floats));
  }
  gradients_.clear();
  for (const std::size_t floats : slots) gradients_.emplace_back(bytes(floats));
  images_ = onednn::Buffer(bytes(image_floats_));
  capacity_ = n;
}

bool BatchMemory::is_border(std::size_t s) const {
  const Stage& stage = plan_.stages[s];
  return stage.frozen && !plan_.stages[static_cast<std::size_t>(stage.last_reader)].frozen;
}

std::size_t BatchMemory::floats_of(int stage) const {
  return stage < 0 ? image_floats_
                   : plan_.stages[static_cast<std::size_t>(stage)].epilogue->output().floats();
}

float* BatchMemory::y_of(std::size_t s, std::size_t sample) const {
  return kept_[s].y.floats() + sample * plan_.stages[s].epilogue->input().floats();
}
float* BatchMemory::pooled_of(std::size_t s, std::size_t sample) const {
  const Epilogue& epilogue = *plan_.stages[s].epilogue;
  return epilogue.pools() ? kept_[s].pooled.floats() + sample * epilogue.output().floats() : nullptr;
}
const float* BatchMemory::picked_of(std::size_t s, std::size_t sample) const {
  return plan_.stages[s].epilogue->pools() ? pooled_of(s, sample) : y_of(s, sample);
}
float* BatchMemory::gradient_of(std::size_t s, std::size_t sample) const {
  const Stage& stage = plan_.stages[s];
  return gradients_[stage.gradient_slot].floats() + sample * stage.epilogue->output().floats();
}

float* BatchMemory::kept_output_of(std::size_t s, std::size_t sample) const {
  return kept_[s].output.floats() + sample * plan_.stages[s].epilogue->output().floats();
}

const float* BatchMemory::in_memory(int stage, std::size_t sample) const {
  if (stage < 0) return images_.floats() + sample * image_floats_;
  const auto s = static_cast<std::size_t>(stage);
  const Epilogue& epilogue = *plan_.stages[s].epilogue;
  if (plan_.stages[s].frozen) return kept_output_of(s, sample);
  return epilogue.empty() ? y_of(s, sample) : nullptr;
}
template <class Value>
void BatchMemory::activate(int stage, std::size_t sample, Value* output) const {
  const auto s = static_cast<std::size_t>(stage);
  const std::uint64_t* key = keys_.empty() ? nullptr : &keys_[sample];
  plan_.stages[s].epilogue->activate(picked_of(s, sample), key, output);
}

const float* BatchMemory::output_of(int stage, std::size_t sample, const onednn::Buffer& buffer) const {
  if (const float* own = in_memory(stage, sample)) return own;
  activate(stage, sample, buffer.floats());
  return buffer.floats();
}
const float* BatchMemory::input_of(const Stage& stage, std::size_t which, Workspace& space,
                                   std::size_t sample) const {
  return output_of(stage.inputs[which], sample, space.inputs[which]);
}

const Bfloat16* BatchMemory::rounded_input_of(const Stage& stage, Workspace& space,
                                              std::size_t sample) const {
  const int read = stage.inputs.front();
  const onednn::Buffer& buffer = space.inputs[0];
  if (const float* floats = in_memory(read, sample)) {
    round_to_bfloat16({floats, floats_of(read)}, buffer.bfloat16s());
  } else {
    activate(read, sample, buffer.bfloat16s());
  }
  return buffer.bfloat16s();
}

const float* BatchMemory::y_gradient_of(std::size_t s, std::size_t sample, float* buffer) const {
  const Stage& stage = plan_.stages[s];
  const float* gradient = gradient_of(s, sample);
  if (stage.epilogue->empty()) return gradient;
  stage.epilogue->differentiate(y_of(s, sample), picked_of(s, sample), gradient, keys_[sample], buffer);
  return buffer;
}

const Bfloat16* BatchMemory::rounded_y_gradient_of(std::size_t s, std::size_t sample,
                                                   Bfloat16* buffer) const {
  const Epilogue& epilogue = *plan_.stages[s].epilogue;
  const float* gradient = gradient_of(s, sample);
  if (epilogue.empty()) {
    round_to_bfloat16({gradient, epilogue.output().floats()}, buffer);
  } else {
    epilogue.differentiate(y_of(s, sample), picked_of(s, sample), gradient, keys_[sample], buffer);
  }
  return buffer;
}

BatchMemory::Target BatchMemory::target_of(std::size_t reader, std::size_t which, Workspace& space,
                                           std::size_t sample) const {
  const Stage& stage = plan_.stages[reader];
  const int read = stage.inputs[which];
  if (read < 0 || !plan_.stages[static_cast<std::size_t>(read)].needs_gradient) return {};
  const auto s = static_cast<std::size_t>(read);
  float* own = gradient_of(s, sample);
  const bool first =
      plan_.stages[s].last_reader == static_cast<int>(reader) && (which == 0 || stage.inputs[0] != read);
  if (first) return {.write = own};
  return {.write = space.gradient.floats(), .sum = own, .floats = floats_of(read)};
}
void BatchMemory::Target::add_up() const {
  if (sum == nullptr) return;
  for (std::size_t i = 0; i < floats; ++i) sum[i] += write[i];
}

}  // namespace earshot
