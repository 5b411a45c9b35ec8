#include "nn/kernels/Dnnl.h"

#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "nn/kernels/PreparedPrimitive.h"
#include "nn/model/SamePadding.h"

namespace earshot::onednn {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kCacheLine = 64;

// All that differs between oneDNN 2, where an operation's descriptor comes before its primitive_desc, and 3.
#if DNNL_VERSION_MAJOR < 3
template <typename Op, typename... Arguments>
typename Op::primitive_desc describe(const dnnl::primitive_attr& attr, bool allow_empty,
                                     const Arguments&... arguments) {
  return {typename Op::desc(arguments...), attr, engine(), allow_empty};
}

template <typename Op, typename Forward, typename... Arguments>
typename Op::primitive_desc describe_gradient(const Forward& forward, const dnnl::primitive_attr& attr,
                                              bool allow_empty, const Arguments&... arguments) {
  return {typename Op::desc(arguments...), attr, engine(), forward, allow_empty};
}

dnnl::pooling_forward::primitive_desc pool(const dnnl::primitive_attr& attr, dnnl::algorithm function,
                                           const dnnl::memory::desc& input, const dnnl::memory::desc& output,
                                           const Dims& window) {
  const Dims none = {0, 0};
  return describe<dnnl::pooling_forward>(attr, false, dnnl::prop_kind::forward_inference, function, input,
                                         output, window, window, none, none);
}

dnnl::eltwise_forward::primitive_desc elementwise(const dnnl::primitive_attr& attr, const Eltwise& activation,
                                                  const dnnl::memory::desc& data) {
  return describe<dnnl::eltwise_forward>(attr, false, dnnl::prop_kind::forward_inference, activation.function,
                                         data, activation.alpha, 0.0F);
}

void append(dnnl::post_ops& after, const Eltwise& activation) {
  after.append_eltwise(1.0F, activation.function, activation.alpha, 0.0F);
}
#else
template <typename Op, typename... Arguments>
typename Op::primitive_desc describe(const dnnl::primitive_attr& attr, bool allow_empty,
                                     const Arguments&... arguments) {
  return {engine(), arguments..., attr, allow_empty};
}

template <typename Op, typename Forward, typename... Arguments>
typename Op::primitive_desc describe_gradient(const Forward& forward, const dnnl::primitive_attr& attr,
                                              bool allow_empty, const Arguments&... arguments) {
  return {engine(), arguments..., forward, attr, allow_empty};
}

dnnl::pooling_forward::primitive_desc pool(const dnnl::primitive_attr& attr, dnnl::algorithm function,
                                           const dnnl::memory::desc& input, const dnnl::memory::desc& output,
                                           const Dims& window) {
  const Dims none = {0, 0};
  return describe<dnnl::pooling_forward>(attr, false, dnnl::prop_kind::forward_inference, function, input,
                                         output, window, window, /*dilation*/ none, none, none);
}

dnnl::eltwise_forward::primitive_desc elementwise(const dnnl::primitive_attr& attr, const Eltwise& activation,
                                                  const dnnl::memory::desc& data) {
  return describe<dnnl::eltwise_forward>(attr, false, dnnl::prop_kind::forward_inference, activation.function,
                                         data, data, activation.alpha, 0.0F);
}

void append(dnnl::post_ops& after, const Eltwise& activation) {
  after.append_eltwise(activation.function, activation.alpha, 0.0F);
}
#endif

dnnl::primitive_attr attributes(std::optional<Eltwise> activation = std::nullopt) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (activation) {
    dnnl::post_ops after;
    append(after, *activation);
    attr.set_post_ops(after);
  }
  return attr;
}

/// Tries Winograd if asked to, then direct. `make(algorithm, allow_empty)` gives a primitive_desc.
template <typename Make>
auto choose(Algorithm algorithm, Make make) {
  if (algorithm == Algorithm::winograd) {
    try {
      if (auto desc = make(dnnl::algorithm::convolution_winograd, true)) return desc;
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) throw;
    }
  }
  return make(dnnl::algorithm::convolution_direct, false);
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

void use_threads(int threads) {
  omp_set_num_threads(threads);
}

std::size_t thread_index() {
  return static_cast<std::size_t>(omp_get_thread_num());
}

bool uses(dnnl::cpu_isa isa) {
  // Each level's bits contain those of the levels below.
  const auto wanted = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

int channel_lanes() {
  static const int lanes = uses(dnnl::cpu_isa::avx512_core) ? 16 : 8;
  return lanes;
}

Dims dims_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR < 3
  return desc.dims();
#else
  return desc.get_dims();
#endif
}

dnnl::memory::desc f32(const Dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

dnnl::memory::desc bf16(const Dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::bf16, tag};
}

dnnl::memory::desc any(const Dims& dims) {
  return f32(dims, dnnl::memory::format_tag::any);
}

Buffer::Buffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  data_.reset(std::aligned_alloc(alignment, whole));
  if (!data_) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(data_.get(), whole, MADV_HUGEPAGE);
  std::memset(data_.get(), 0, whole);
}

void Buffer::Free::operator()(void* data) const noexcept {
  std::free(data);
}

dnnl::memory view(const dnnl::memory::desc& desc, void* data) {
  dnnl::memory memory(desc, engine(), DNNL_MEMORY_NONE);
  if (data != nullptr) memory.set_data_handle(data);
  return memory;
}

void pad(ConvolutionShape& shape, int kernel, int stride, bool same) {
  shape.strides = {stride, stride};
  if (!same) return;
  const Dims in = dims_of(shape.input);
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const AxisPadding padding = same_padding(static_cast<int>(in[axis + 2]), kernel, stride);
    shape.pad_begin[axis] = padding.before;
    shape.pad_end[axis] = padding.after;
  }
}

dnnl::convolution_forward::primitive_desc convolution(const ConvolutionShape& shape, Algorithm algorithm,
                                                      dnnl::prop_kind use,
                                                      std::optional<Eltwise> activation) {
  return choose(algorithm, [&](dnnl::algorithm chosen, bool allow_empty) {
    using Op = dnnl::convolution_forward;
    const auto attr = attributes(activation);
    return shape.bias ? describe<Op>(attr, allow_empty, use, chosen, shape.input, shape.kernel, *shape.bias,
                                     shape.output, shape.strides, shape.pad_begin, shape.pad_end)
                      : describe<Op>(attr, allow_empty, use, chosen, shape.input, shape.kernel, shape.output,
                                     shape.strides, shape.pad_begin, shape.pad_end);
  });
}

dnnl::convolution_backward_data::primitive_desc convolution_data_gradient(
    const ConvolutionShape& shape, Algorithm algorithm,
    const dnnl::convolution_forward::primitive_desc& forward) {
  return choose(algorithm, [&](dnnl::algorithm chosen, bool allow_empty) {
    return describe_gradient<dnnl::convolution_backward_data>(forward, attributes(), allow_empty, chosen,
                                                              shape.input, shape.kernel, shape.output,
                                                              shape.strides, shape.pad_begin, shape.pad_end);
  });
}

dnnl::convolution_backward_weights::primitive_desc convolution_weight_gradient(
    const ConvolutionShape& shape, Algorithm algorithm,
    const dnnl::convolution_forward::primitive_desc& forward) {
  return choose(algorithm, [&](dnnl::algorithm chosen, bool allow_empty) {
    using Op = dnnl::convolution_backward_weights;
    const auto attr = attributes();
    return shape.bias ? describe_gradient<Op>(forward, attr, allow_empty, chosen, shape.input, shape.kernel,
                                              *shape.bias, shape.output, shape.strides, shape.pad_begin,
                                              shape.pad_end)
                      : describe_gradient<Op>(forward, attr, allow_empty, chosen, shape.input, shape.kernel,
                                              shape.output, shape.strides, shape.pad_begin, shape.pad_end);
  });
}

bool is_reference(const dnnl::primitive_desc_base& desc) {
  return std::string_view(desc.impl_info_str()).starts_with("ref");
}

dnnl::pooling_forward::primitive_desc max_pool(const dnnl::memory::desc& input,
                                               const dnnl::memory::desc& output, int size) {
  return pool(attributes(), dnnl::algorithm::pooling_max, input, output, {size, size});
}

dnnl::pooling_forward::primitive_desc average_pool(const dnnl::memory::desc& input,
                                                   const dnnl::memory::desc& output) {
  const Dims dims = dims_of(input);
  return pool(attributes(), dnnl::algorithm::pooling_avg_exclude_padding, input, output, {dims[2], dims[3]});
}

dnnl::eltwise_forward::primitive_desc eltwise(const dnnl::memory::desc& data, const Eltwise& activation) {
  return elementwise(attributes(), activation, data);
}

dnnl::binary::primitive_desc binary(dnnl::algorithm function, const dnnl::memory::desc& first,
                                    const dnnl::memory::desc& second) {
  return describe<dnnl::binary>(attributes(), false, function, first, second, first);
}

dnnl::inner_product_forward::primitive_desc dense(const DenseShape& shape, dnnl::prop_kind use,
                                                  std::optional<Eltwise> activation) {
  return describe<dnnl::inner_product_forward>(attributes(activation), false, use, shape.input, shape.kernel,
                                               shape.bias, shape.output);
}

dnnl::inner_product_backward_data::primitive_desc dense_data_gradient(
    const DenseShape& shape, const dnnl::inner_product_forward::primitive_desc& forward) {
  return describe_gradient<dnnl::inner_product_backward_data>(forward, attributes(), false, shape.input,
                                                              shape.kernel, shape.output);
}

dnnl::inner_product_backward_weights::primitive_desc dense_weight_gradient(
    const DenseShape& shape, const dnnl::inner_product_forward::primitive_desc& forward) {
  return describe_gradient<dnnl::inner_product_backward_weights>(forward, attributes(), false, shape.input,
                                                                 shape.kernel, shape.bias, shape.output);
}

void multiply(std::size_t rows, std::size_t columns, std::size_t inner, const Matrix& a, const Matrix& b,
              float* c, std::size_t c_stride) {
  const auto dim = [](std::size_t size) { return static_cast<dnnl_dim_t>(size); };
  const dnnl_status_t status =
      dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', dim(rows), dim(columns), dim(inner),
                 1.0F, a.data, dim(a.stride), b.data, dim(b.stride), 0.0F, c, dim(c_stride));
  check(status);
}

dnnl::reorder::primitive_desc reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  return {engine(), from, engine(), to, attributes()};
}

}  // namespace earshot::onednn
