// BatchMemory: what a network keeps of a batch between its forward and its backward pass, and how it reads
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nn/training/Stage.h"
#include "nn/training/Workspace.h"

namespace earshot {

/// Stages are meant by their number; Stage::kImage is the images' own. Pointers are to one sample, laid out
/// as ActivationShape says (an image as height x width x channels), and live until the next begin(). What
/// names a sample may be called for several at the same time.
class BatchMemory {
 public:
  /// Images of `image_floats` values; `plan` outlives this.
  BatchMemory(const StagePlan& plan, std::size_t image_floats);

  /// `images` n x image_floats, `keys` of their dropout, n, or none: then epilogues activate without a key.
  /// Memory for n samples is kept for smaller batches.
  void begin(std::span<const float> images, std::size_t n, std::span<const std::uint64_t> keys);
  std::size_t samples() const { return samples_; }
  std::uint64_t key(std::size_t sample) const { return keys_[sample]; }

  /// Floats of a sample's output.
  std::size_t floats_of(int stage) const;
  /// Whether a frozen stage's output is read by one that is not, and so is kept.
  bool is_border(std::size_t s) const;

  const float* image(std::size_t sample) const { return images_.floats() + sample * image_floats_; }
  /// What the operation or merge gave.
  float* y_of(std::size_t s, std::size_t sample) const;
  /// Null unless the epilogue pools.
  float* pooled_of(std::size_t s, std::size_t sample) const;
  /// What activation reads: y, or what pooling picked of it.
  const float* picked_of(std::size_t s, std::size_t sample) const;
  /// Of the loss by the stage's output.
  float* gradient_of(std::size_t s, std::size_t sample) const;
  /// Of a border.
  float* kept_output_of(std::size_t s, std::size_t sample) const;

  /// A stage's output; computed into `buffer` unless it lies in memory as it is.
  const float* output_of(int stage, std::size_t sample, const onednn::Buffer& buffer) const;
  /// What a stage reads, through the workspace.
  const float* input_of(const Stage& stage, std::size_t which, Workspace& space, std::size_t sample) const;
  const Bfloat16* rounded_input_of(const Stage& stage, Workspace& space, std::size_t sample) const;

  /// The gradient of y: in `buffer`, or where the output's is if they are the same.
  const float* y_gradient_of(std::size_t s, std::size_t sample, float* buffer) const;
  const Bfloat16* rounded_y_gradient_of(std::size_t s, std::size_t sample, Bfloat16* buffer) const;

  /// Where the gradient of an input goes: its own memory at first, the workspace if it is to be added, null
  /// if nobody wants it. Readers come from the last to the first.
  struct Target {
    float* write = nullptr;
    float* sum = nullptr;  ///< to which `write` is added
    std::size_t floats = 0;
    void add_up() const;
  };
  Target target_of(std::size_t reader, std::size_t which, Workspace& space, std::size_t sample) const;

  /// Of a stage whose operation takes a batch at once: one sample after the other.
  float* batch_inputs(std::size_t s) const { return kept_[s].inputs.floats(); }
  float* batch_y_gradients(std::size_t s) const { return kept_[s].y_gradients.floats(); }
  float* batch_input_gradients(std::size_t s) const { return kept_[s].input_gradients.floats(); }

 private:
  struct Kept {
    onednn::Buffer y;       ///< what the operation or merge gave
    onednn::Buffer pooled;  ///< if the epilogue pools
    onednn::Buffer output;  ///< instead of both, of a frozen stage that others read
    // Of an operation that takes a batch at once:
    onednn::Buffer inputs;
    onednn::Buffer y_gradients;
    onednn::Buffer input_gradients;
  };
  void reserve(std::size_t n);
  /// A stage's output if it lies in memory as it is, else null.
  const float* in_memory(int stage, std::size_t sample) const;
  template <class Value>
  void activate(int stage, std::size_t sample, Value* output) const;

  const StagePlan& plan_;
  std::size_t image_floats_;
  std::vector<Kept> kept_;  ///< by stage
  std::size_t capacity_ = 0;
  std::size_t samples_ = 0;
  onednn::Buffer images_;
  std::vector<onednn::Buffer> gradients_;  ///< of outputs, by slot
  std::vector<std::uint64_t> keys_;
};

}  // namespace earshot
