// BareChain: v6's forward pass as nothing but direct primitives of oneDNN, one after the other: the
// yardstick.
#pragma once

#include <vector>

#include "nn/kernels/Dnnl.h"
#include "nn/kernels/PrimitiveChain.h"

namespace earshot::bench {

/// One picture of 256 x 256, f32. Convolutions are direct, with bias and LeakyReLU fused, BatchNorm folded
/// away, each in the layout that oneDNN chooses; a reorder comes between two that disagree. Its weights are
/// arbitrary.
class BareChain {
 public:
  /// `threads` of oneDNN, whenever run() runs.
  explicit BareChain(int threads);
  void run() const;

 private:
  void convolution(dnnl::memory::dim filters, dnnl::memory::dim kernel, bool depthwise, bool activated);
  void separable(dnnl::memory::dim filters);
  void max_pool();
  void average_pool();
  void dense(dnnl::memory::dim units, bool activated);

  dnnl::memory allocate(const dnnl::memory::desc& desc, float value);
  void require(const dnnl::memory::desc& desc);
  void add(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc,
           onednn::PrimitiveChain::Arguments arguments, const dnnl::memory::desc& output);

  int threads_;
  onednn::PrimitiveChain chain_;
  std::vector<onednn::Buffer> buffers_;
  dnnl::memory current_;
};

}  // namespace earshot::bench
