// LayerRules: what the rules of LayerKinds are written with: judging a layer against what it is given, and
// listing the tensors that it owns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// 'same': out = ceil(in / stride), the odd row or column of zeros at the bottom and right. 'valid': no
/// zeros.
enum class Padding { same, valid };
constexpr std::array<std::string_view, 2> words_of(Padding) {
  return {"same", "valid"};
}

/// How a kernel starts: Keras' GlorotUniform, or VarianceScaling(2, fan_out, truncated normal) of its
/// EfficientNets.
enum class Initializer { glorot_uniform, he_fan_out };
constexpr std::array<std::string_view, 2> words_of(Initializer) {
  return {"glorot_uniform", "he_fan_out"};
}

// Far above what a real-time classifier wants, far below what would hurt a machine.
inline constexpr int kMaxSide = 4096;
inline constexpr int kMaxChannels = 65536;
inline constexpr int kMaxKernel = 31;
inline constexpr int kMaxFlat = 1 << 20;

/// One tensor that a network owns, in Keras' order: layer by layer, trainable first.
struct ParameterSpec {
  std::string name;                 ///< "<layer>/<kernel|bias|...>", as its kind calls it
  std::vector<std::int64_t> shape;  ///< Keras' shape
  bool trainable = true;            ///< false for running statistics and a Normalization's
  float l2 = 0.0F;
  std::int64_t fan_in = 0;  ///< of the initializer; 0 where the initial value is a constant
  std::int64_t fan_out = 0;
  Initializer initializer = Initializer::glorot_uniform;
  std::size_t layer = 0;  ///< index of the layer that owns it
};

inline bool is_flat(const FeatureShape& shape) {
  return shape.height == 1 && shape.width == 1;
}

/// A layer's inputs, and what throws Error(bad_data) naming the layer if its fields do not suit them.
class LayerCheck {
 public:
  /// `inputs`: their shapes, one or two; both arguments outlive this.
  LayerCheck(const std::string& layer, const std::vector<FeatureShape>& inputs)
      : layer_(layer), inputs_(inputs) {}

  const FeatureShape& input() const { return inputs_.front(); }
  const FeatureShape& second() const { return inputs_[1]; }

  [[noreturn]] void refuse(const char* what, double found, const std::string& expected) const;
  [[noreturn]] void refuse_second(const std::string& expected) const;
  void expect_range(const char* what, int found, int least, int most) const;
  /// `holds` is written so that NaN fails.
  void expect(const char* what, float found, bool holds, const char* expected) const;
  /// At least 0 and less than 1.
  void expect_share(const char* what, float found) const;
  void expect_l2(float l2) const;
  void expect_sane(const char* what, float found) const;

  /// What a convolution of kernel x kernel gives.
  FeatureShape convolved(int kernel, int stride, Padding padding, int filters) const;

 private:
  int side_after(int side, int kernel, int stride, Padding padding) const;

  const std::string& layer_;
  const std::vector<FeatureShape>& inputs_;
};

/// What one layer owns, in Keras' order.
class LayerTensors {
 public:
  /// `channels` of its (first) input.
  LayerTensors(std::string layer, int channels) : layer_(std::move(layer)), channels_(channels) {}

  std::int64_t channels() const { return channels_; }
  /// Height, width, in, out; or in, out.
  void kernel(const char* tensor, std::vector<std::int64_t> shape, float l2 = 0.0F,
              Initializer initializer = Initializer::glorot_uniform);
  void vector(const char* tensor, std::int64_t size, bool trainable = true);

  std::vector<ParameterSpec> take() { return std::move(specs_); }

 private:
  std::string layer_;
  std::int64_t channels_;
  std::vector<ParameterSpec> specs_;
};

}  // namespace earshot
