#include "nn/training/Call.h"

namespace earshot {

Call::Call(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad, const Arguments& arguments,
           std::size_t workers)
    : scratch_bytes_(scratchpad.get_size()) {
  for (std::size_t worker = 0; worker < workers; ++worker) {
    onednn::PreparedPrimitive::Arguments own;
    for (const auto& [argument, desc] : arguments) own.emplace_back(argument, onednn::view(desc, nullptr));
    own.emplace_back(DNNL_ARG_SCRATCHPAD, onednn::view(scratchpad, nullptr));
    own_.emplace_back(primitive, std::move(own));
  }
}

void Call::run(Worker& worker) {
  bind(worker.index, DNNL_ARG_SCRATCHPAD, worker.scratch.data());
  onednn::check(own_[worker.index].run(worker.stream));
}

}  // namespace earshot
