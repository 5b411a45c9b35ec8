// Call: a primitive of oneDNN in training, prepared once for each worker.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "nn/kernels/PreparedPrimitive.h"
#include "nn/training/Operation.h"

namespace earshot {

/// Different workers may bind and run at the same time.
class Call {
 public:
  using Arguments = std::vector<std::pair<int, dnnl::memory::desc>>;
  Call(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad, const Arguments& arguments,
       std::size_t workers);

  /// `data` is laid out as the argument's description says.
  void bind(std::size_t worker, int argument, const void* data) { own_[worker].bind(argument, data); }
  /// Throws Error(software) if oneDNN refuses.
  void run(Worker& worker);
  std::size_t scratch_bytes() const { return scratch_bytes_; }

 private:
  std::vector<onednn::PreparedPrimitive> own_;  ///< by worker
  std::size_t scratch_bytes_;
};

}  // namespace earshot
