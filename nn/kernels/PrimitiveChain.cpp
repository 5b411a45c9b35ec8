#include "nn/kernels/PrimitiveChain.h"

#include <algorithm>

namespace earshot::onednn {

PrimitiveChain::PrimitiveChain() : stream_(engine()) {}

void PrimitiveChain::add(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                         Arguments arguments) {
  if (scratchpad.get_size() > 0) {
    scratchpads_.push_back(view(scratchpad, nullptr));
    arguments.emplace_back(DNNL_ARG_SCRATCHPAD, scratchpads_.back());
    scratchpad_bytes_ = std::max(scratchpad_bytes_, scratchpad.get_size());
  }
  Call call{primitive, {}, {}, {}};
  for (auto& [index, memory] : arguments) {
    call.arguments.push_back({index, memory.get()});
    call.memories.push_back(std::move(memory));
  }
  calls_.push_back(std::move(call));
}

void PrimitiveChain::add(std::function<void()> step) {
  calls_.push_back({{}, {}, {}, std::move(step)});
}

void PrimitiveChain::finish() {
  scratchpad_ = Buffer(scratchpad_bytes_);
  for (dnnl::memory& memory : scratchpads_) memory.set_data_handle(scratchpad_.data());
}

bool PrimitiveChain::run() const noexcept {
  // The C call takes prepared arguments; dnnl::primitive::execute would allocate a list of them each time.
  for (const Call& call : calls_) {
    if (call.step) {
      call.step();
      continue;
    }
    const dnnl_status_t status = dnnl_primitive_execute(
        call.primitive.get(), stream_.get(), static_cast<int>(call.arguments.size()), call.arguments.data());
    if (status != dnnl_success) return false;
  }
  return true;
}

}  // namespace earshot::onednn
