// PrimitiveChain: primitives of oneDNN with their arguments, prepared once, run one after the other without
// an allocation of ours.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "nn/kernels/Dnnl.h"

namespace earshot::onednn {

class PrimitiveChain {
 public:
  PrimitiveChain();

  /// Argument index (DNNL_ARG_...) and memory. The memories' handles may be set until run().
  using Arguments = std::vector<std::pair<int, dnnl::memory>>;
  /// The scratchpad comes from the chain: one for all.
  void add(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad, Arguments arguments);

  /// A step of our own; it must not allocate.
  void add(std::function<void()> step);

  /// Call after the last add(): allocates the scratchpad.
  void finish();

  /// real-time, but for what oneDNN itself does. False if oneDNN refused.
  bool run() const noexcept;

 private:
  struct Call {
    dnnl::primitive primitive;
    std::vector<dnnl::memory> memories;  // keeps them alive
    std::vector<dnnl_exec_arg_t> arguments;
    std::function<void()> step;  // instead of a primitive
  };
  dnnl::stream stream_;
  std::vector<Call> calls_;
  std::vector<dnnl::memory> scratchpads_;  // views of the one
  Buffer scratchpad_;
  std::size_t scratchpad_bytes_ = 0;
};

}  // namespace earshot::onednn
