#include "nn/kernels/PrimitiveChain.h"

#include <algorithm>
#include <utility>

namespace earshot::onednn {

PrimitiveChain::PrimitiveChain() : stream_(engine()) {}

void PrimitiveChain::add(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                         Arguments arguments) {
  if (scratchpad.get_size() > 0) {
    scratchpads_.push_back(view(scratchpad, nullptr));
    arguments.emplace_back(DNNL_ARG_SCRATCHPAD, scratchpads_.back());
    scratchpad_bytes_ = std::max(scratchpad_bytes_, scratchpad.get_size());
  }
  steps_.emplace_back(PreparedPrimitive(primitive, std::move(arguments)));
}

void PrimitiveChain::add(std::function<void()> step) {
  steps_.emplace_back(std::move(step));
}

void PrimitiveChain::finish() {
  scratchpad_ = Buffer(scratchpad_bytes_);
  for (dnnl::memory& memory : scratchpads_) memory.set_data_handle(scratchpad_.data());
}

dnnl_status_t PrimitiveChain::run() const noexcept {
  for (const auto& step : steps_) {
    if (const auto* primitive = std::get_if<PreparedPrimitive>(&step)) {
      if (const dnnl_status_t status = primitive->run(stream_); status != dnnl_success) return status;
    } else {
      std::get<std::function<void()>>(step)();
    }
  }
  return dnnl_success;
}

}  // namespace earshot::onednn
