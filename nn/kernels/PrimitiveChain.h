// PrimitiveChain: primitives of oneDNN, prepared once, run one after the other without an allocation of ours.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <functional>
#include <variant>
#include <vector>

#include "nn/kernels/Dnnl.h"
#include "nn/kernels/PreparedPrimitive.h"

namespace earshot::onednn {

class PrimitiveChain {
 public:
  PrimitiveChain();

  using Arguments = PreparedPrimitive::Arguments;
  /// The scratchpad comes from the chain: one for all.
  void add(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad, Arguments arguments);

  /// A step of our own; it must not allocate.
  void add(std::function<void()> step);

  /// Call after the last add(): allocates the scratchpad.
  void finish();

  /// real-time: but for what oneDNN itself does. Ends with the first primitive that it refuses.
  [[nodiscard]] dnnl_status_t run() const noexcept;

 private:
  dnnl::stream stream_;
  std::vector<std::variant<PreparedPrimitive, std::function<void()>>> steps_;
  std::vector<dnnl::memory> scratchpads_;  // views of the one
  Buffer scratchpad_;
  std::size_t scratchpad_bytes_ = 0;
};

}  // namespace earshot::onednn
