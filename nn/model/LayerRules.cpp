#include "nn/model/LayerRules.h"

#include <sstream>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr float kMaxRescaling = 1e6F;

}  // namespace

void LayerCheck::refuse(const char* what, double found, const std::string& expected) const {
  std::ostringstream line;
  line << "layer '" << layer_ << "': " << what << " is " << found << ", expected " << expected;
  throw Error(ExitCode::bad_data, line.str());
}

void LayerCheck::refuse_second(const std::string& expected) const {
  throw Error(ExitCode::bad_data, "layer '" + layer_ + "': its second input is " + shape_text(second()) +
                                      ", expected " + expected);
}

void LayerCheck::expect_range(const char* what, int found, int least, int most) const {
  if (found < least || found > most) {
    refuse(what, found, std::to_string(least) + " to " + std::to_string(most));
  }
}

void LayerCheck::expect(const char* what, float found, bool holds, const char* expected) const {
  if (!holds) refuse(what, static_cast<double>(found), expected);
}

void LayerCheck::expect_share(const char* what, float found) const {
  expect(what, found, found >= 0.0F && found < 1.0F, "at least 0 and less than 1");
}

void LayerCheck::expect_l2(float l2) const {
  expect("l2", l2, l2 >= 0.0F && l2 <= 1000.0F, "0 to 1000");
}

void LayerCheck::expect_sane(const char* what, float found) const {
  expect(what, found, found >= -kMaxRescaling && found <= kMaxRescaling, "-1e6 to 1e6");
}

int LayerCheck::side_after(int side, int kernel, int stride, Padding padding) const {
  if (padding == Padding::same) return (side + stride - 1) / stride;
  if (kernel > side) refuse("kernel", kernel, "no more than its input's side of " + std::to_string(side));
  return (side - kernel) / stride + 1;
}

FeatureShape LayerCheck::convolved(int kernel, int stride, Padding padding, int filters) const {
  expect_range("filters", filters, 1, kMaxChannels);
  expect_range("kernel", kernel, 1, kMaxKernel);
  expect_range("stride", stride, 1, kMaxKernel);
  return {side_after(input().height, kernel, stride, padding),
          side_after(input().width, kernel, stride, padding), filters};
}

void LayerTensors::kernel(const char* tensor, std::vector<std::int64_t> shape, float l2,
                          Initializer initializer) {
  // Keras' compute_fans: the receptive field times the last two axes.
  std::int64_t field = 1;
  for (std::size_t i = 0; i + 2 < shape.size(); ++i) field *= shape[i];
  ParameterSpec spec{.name = layer_ + "/" + tensor, .shape = std::move(shape), .trainable = true, .l2 = l2};
  spec.fan_in = field * spec.shape[spec.shape.size() - 2];
  spec.fan_out = field * spec.shape.back();
  spec.initializer = initializer;
  specs_.push_back(std::move(spec));
}

void LayerTensors::vector(const char* tensor, std::int64_t size, bool trainable) {
  specs_.push_back({.name = layer_ + "/" + tensor, .shape = {size}, .trainable = trainable});
}

}  // namespace earshot
