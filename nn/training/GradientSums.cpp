#include "nn/training/GradientSums.h"

#include <algorithm>

namespace earshot {

GradientSums::GradientSums(std::size_t floats, std::size_t workers) : floats_(floats) {
  constexpr std::size_t kVector = 16;
  for (std::size_t i = 0; i < workers; ++i) {
    sample_.emplace_back((floats + kVector - 1) / kVector * kVector * sizeof(float));
    sum_.emplace_back(floats * sizeof(float));
  }
}

void GradientSums::clear() {
  for (onednn::Buffer& sum : sum_) std::fill_n(sum.floats(), floats_, 0.0F);
}

void GradientSums::add_sample(std::size_t worker) {
  const float* from = sample_[worker].floats();
  float* to = sum_[worker].floats();
  for (std::size_t i = 0; i < floats_; ++i) to[i] += from[i];
}

void GradientSums::collect(float* total) const {
  std::copy_n(sum_.front().floats(), floats_, total);
  for (std::size_t w = 1; w < sum_.size(); ++w) {
    const float* from = sum_[w].floats();
    for (std::size_t i = 0; i < floats_; ++i) total[i] += from[i];
  }
}

}  // namespace earshot
