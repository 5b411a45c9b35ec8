#include "nn/inference/SeparablePlan.h"

#include <algorithm>

namespace earshot {
namespace {

using Stage = SeparableNetwork::Stage;

// Gathered rows stay in the second-level cache beside a panel of weights.
constexpr std::size_t kRowsFloats = 48 * 1024;
constexpr std::size_t kMatrixRows = 6;  // what a matrix takes at a time

std::size_t rows_at_once(const Stage& stage) {
  const std::size_t rows = kRowsFloats / stage.row().stride();
  return std::max(rows / kMatrixRows * kMatrixRows, kMatrixRows);
}

std::size_t output_floats(const Stage& stage) {
  return stage.window.out_pixels() * stage.output().stride();
}

// Where weights outweigh activations.
bool is_deep(const Stage& stage) {
  return stage.matrix && stage.matrix->inputs() * stage.output().padded() >= output_floats(stage);
}

}  // namespace

SeparablePlan::SeparablePlan(const SeparableNetwork& network) : stages_(network.stages()) {
  together_from_ = static_cast<std::size_t>(std::ranges::find_if(stages_, is_deep) - stages_.begin());
  std::size_t rows = 0;
  std::size_t activations = 0;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const std::size_t patches = i < together_from_ ? 1 : kMostPatches;
    const std::size_t needed = stages_[i].window.out_pixels() * patches;
    rows = std::max(rows, std::min(rows_at_once(stages_[i]), needed) * stages_[i].row().stride());
    activations = std::max(activations, output_floats(stages_[i]) * patches);
  }
  rows_ = onednn::Buffer(rows * sizeof(float));
  for (onednn::Buffer& buffer : activations_) buffer = onednn::Buffer(activations * sizeof(float));
  if (together_from_ > 0)
    together_ = onednn::Buffer(output_floats(stages_[together_from_ - 1]) * kMostPatches * sizeof(float));
}

std::size_t SeparablePlan::logits_stride() const noexcept {
  return stages_.back().output().stride();
}

const float* SeparablePlan::run(const float* features, std::size_t patches) noexcept {
  const float* in = features;
  std::size_t to = 0;
  const auto go_on = [&](const Stage& stage, std::size_t count, float* out) {
    run(stage, in, count, out);
    in = out;
    to = 1 - to;
  };
  const float* all = features;
  if (together_from_ > 0) {
    const PictureWindow& window = stages_.front().window;
    const std::size_t last = output_floats(stages_[together_from_ - 1]);
    for (std::size_t patch = 0; patch < patches; ++patch) {
      in = features + patch * window.pixels() * window.channels.values;
      for (std::size_t i = 0; i + 1 < together_from_; ++i) go_on(stages_[i], 1, activations_[to].floats());
      go_on(stages_[together_from_ - 1], 1, together_.floats() + patch * last);
    }
    all = together_.floats();
  }
  in = all;
  for (std::size_t i = together_from_; i < stages_.size(); ++i) go_on(stages_[i], patches, activations_[to].floats());
  return in;
}

void SeparablePlan::run(const Stage& stage, const float* in, std::size_t patches, float* out) noexcept {
  const std::size_t pixels = stage.window.out_pixels() * patches;
  const std::size_t out_stride = stage.output().stride();
  const std::size_t at_once = rows_at_once(stage);
  for (std::size_t first = 0; first < pixels; first += at_once) {
    const std::size_t count = std::min(at_once, pixels - first);
    float* to = out + first * out_stride;
    float* rows = stage.matrix ? rows_.floats() : to;
    std::size_t stride = stage.row().stride();
    switch (stage.rows) {
      case Stage::Rows::windows:
        copy_windows(stage.window, in, first, count, rows, stride);
        break;
      case Stage::Rows::depthwise:
        stage.depthwise.apply(in, first, count, stage.depthwise_slope, rows, stride);
        break;
      case Stage::Rows::averages:
        average_pixels(stage.window, in, first, count, rows, stride);
        break;
      case Stage::Rows::pixels:
        break;
    }
    const float* from = stage.rows == Stage::Rows::pixels ? in + first * stride : rows;
    if (stage.matrix) stage.matrix->multiply(from, stride, count, stage.slope, to, out_stride);
  }
}

}  // namespace earshot
