#include "nn/kernels/PreparedPrimitive.h"

#include <dnnl_debug.h>

#include <algorithm>
#include <new>
#include <string>

#include "dsp/base/Error.h"

namespace earshot::onednn {

PreparedPrimitive::PreparedPrimitive(dnnl::primitive primitive, Arguments arguments)
    : primitive_(std::move(primitive)), memories_(std::move(arguments)) {
  for (const auto& [index, memory] : memories_) arguments_.push_back({index, memory.get()});
}

void PreparedPrimitive::bind(int argument, const void* data) {
  const auto found = std::ranges::find(memories_, argument, &Arguments::value_type::first);
  if (found == memories_.end())
    throw Error(ExitCode::software, "a primitive has no argument " + std::to_string(argument));
  // oneDNN takes inputs through the same handle as outputs; it writes to outputs only.
  found->second.set_data_handle(const_cast<void*>(data));
}

dnnl_status_t PreparedPrimitive::run(const dnnl::stream& stream) const noexcept {
  // The C call takes prepared arguments; dnnl::primitive::execute would allocate a list of them each time.
  return dnnl_primitive_execute(primitive_.get(), stream.get(), static_cast<int>(arguments_.size()),
                                arguments_.data());
}

void check(dnnl_status_t status) {
  if (status == dnnl_success) return;
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  throw Error(ExitCode::software, std::string("oneDNN refused to compute: ") + dnnl_status2str(status));
}

}  // namespace earshot::onednn
