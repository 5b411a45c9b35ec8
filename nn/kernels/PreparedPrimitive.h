// PreparedPrimitive: a primitive of oneDNN with its arguments, made once; running it allocates nothing of
// ours.
#pragma once

#include <dnnl.hpp>
#include <utility>
#include <vector>

namespace earshot::onednn {

/// Not thread safe.
class PreparedPrimitive {
 public:
  /// Argument index (DNNL_ARG_...) and memory. The memories' handles may be set until run().
  using Arguments = std::vector<std::pair<int, dnnl::memory>>;
  PreparedPrimitive(dnnl::primitive primitive, Arguments arguments);

  /// Where one of the arguments lies from now on. Throws Error(software) if there is none of that index.
  void bind(int argument, const void* data);
  /// real-time: but for what oneDNN itself does. Whatever it gives but dnnl_success: nothing was computed.
  [[nodiscard]] dnnl_status_t run(const dnnl::stream& stream) const noexcept;

 private:
  dnnl::primitive primitive_;
  Arguments memories_;
  std::vector<dnnl_exec_arg_t> arguments_;  // of the same memories, as the C call takes them
};

/// Throws Error(software) naming the status, std::bad_alloc if memory was what lacked; nothing for
/// dnnl_success.
void check(dnnl_status_t status);

}  // namespace earshot::onednn
