// LaidOutParameter: a kernel or bias on its way between Keras' layout and what a primitive takes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/kernels/Dnnl.h"
#include "nn/kernels/PrimitiveChain.h"
#include "nn/training/Parameter.h"

namespace earshot {

/// A kernel or bias in Keras' layout, with channels added that hold zeros: without AVX-512 oneDNN has only
/// its reference for channels that do not fill a register.
class WidenedParameter {
 public:
  /// Nothing: no parameter.
  WidenedParameter() = default;
  /// `rows` x `inputs` x `filters` -> `rows` x `wide_inputs` x `wide_filters`. As it is, if they are the
  /// same.
  WidenedParameter(const Parameter& parameter, std::size_t inputs, std::size_t filters,
                   std::size_t wide_inputs, std::size_t wide_filters);

  /// What primitives are given; they live as long as this, wherever it moves.
  std::span<float> value() noexcept { return widens_ ? std::span<float>(value_) : parameter_.value; }
  std::span<float> gradient() noexcept { return widens_ ? std::span<float>(gradient_) : parameter_.gradient; }

  void widen_value();
  void narrow_gradient();

 private:
  template <class Visit>
  void for_each_row(Visit visit) const;

  Parameter parameter_;
  bool widens_ = false;
  std::size_t inputs_ = 0, filters_ = 0, wide_inputs_ = 0, wide_filters_ = 0;
  std::vector<float> value_;
  std::vector<float> gradient_;
};

/// A value that is copied from Keras' layout to that of a primitive, or a gradient that is copied back.
class LaidOutParameter {
 public:
  enum class Way { from_keras, to_keras };
  /// `keras` holds as many floats as `keras_desc` says, and outlives this.
  LaidOutParameter(Way way, std::span<float> keras, const dnnl::memory::desc& keras_desc,
                   const dnnl::memory::desc& desc);

  /// Throws Error(software) if oneDNN refuses.
  void copy() { onednn::check(copy_.run()); }
  /// Of a value what primitives read, of a gradient what is written before copy().
  float* data() const noexcept { return buffer_.floats(); }
  std::size_t floats() const noexcept { return buffer_.bytes() / sizeof(float); }

 private:
  onednn::Buffer buffer_;
  onednn::PrimitiveChain copy_;
};

}  // namespace earshot
