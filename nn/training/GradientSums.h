// GradientSums: the gradient of a parameter, summed over samples by each worker apart.
#pragma once

#include <cstddef>
#include <vector>

#include "nn/kernels/Dnnl.h"

namespace earshot {

class GradientSums {
 public:
  GradientSums(std::size_t floats, std::size_t workers);
  /// Where a primitive writes one sample's gradient, as many floats; whole vectors may be written.
  float* sample(std::size_t worker) const { return sample_[worker].floats(); }
  void clear();
  void add_sample(std::size_t worker);
  /// Sum over workers, in their order -> `total`, as many floats.
  void collect(float* total) const;

 private:
  std::size_t floats_;
  std::vector<onednn::Buffer> sample_;
  std::vector<onednn::Buffer> sum_;
};

}  // namespace earshot
