// Dnnl: the door to oneDNN, 2 or 3. Only Dnnl.cpp constructs operation descriptors, which is where those
// differ.
#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <memory>
#include <optional>

namespace earshot {
struct Bfloat16;
}

namespace earshot::onednn {

using Dims = dnnl::memory::dims;

/// The processor, made once. Thread safe.
const dnnl::engine& engine();

/// libgomp's thread count belongs to the calling thread: call it first in whatever makes or executes
/// primitives.
void use_threads(int threads);
/// Of the calling thread in libgomp's team; 0 outside of parallel regions.
std::size_t thread_index();

/// Whether oneDNN uses these instructions: the processor has them and ONEDNN_MAX_CPU_ISA does not forbid.
bool uses(dnnl::cpu_isa isa);

/// Channels that lie together in the layout of activations this processor's kernels like: 16 with AVX-512,
/// else 8.
int channel_lanes();

Dims dims_of(const dnnl::memory::desc& desc);

/// f32 in the given layout. Image tensors have the dimensions n, c, h, w in every layout; kernels o, i, h, w,
/// or g, o / g, i / g, h, w if grouped; dense kernels o, i.
dnnl::memory::desc f32(const Dims& dims, dnnl::memory::format_tag tag);
dnnl::memory::desc bf16(const Dims& dims, dnnl::memory::format_tag tag);
/// f32 in the layout that the operation likes best.
dnnl::memory::desc any(const Dims& dims);

/// Memory that outlives what is written here: 2 MiB pages where the system grants them, zeroed, touched.
class Buffer {
 public:
  Buffer() = default;
  /// Throws std::bad_alloc.
  explicit Buffer(std::size_t bytes);
  void* data() const noexcept { return data_.get(); }
  float* floats() const noexcept { return static_cast<float*>(data_.get()); }
  /// The same memory, for whoever wrote such values to it.
  Bfloat16* bfloat16s() const noexcept { return static_cast<Bfloat16*>(data_.get()); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Free {
    void operator()(void* data) const noexcept;
  };
  std::unique_ptr<void, Free> data_;
  std::size_t bytes_ = 0;
};

/// A view of `data` (may be null until set_data_handle) as described; owns nothing.
dnnl::memory view(const dnnl::memory::desc& desc, void* data);

/// A convolution, stride 1 unless said otherwise.
struct ConvolutionShape {
  dnnl::memory::desc input;
  dnnl::memory::desc kernel;
  std::optional<dnnl::memory::desc> bias;
  dnnl::memory::desc output;
  Dims strides = {1, 1};
  Dims pad_begin = {0, 0};  ///< top, left
  Dims pad_end = {0, 0};    ///< bottom, right
};
/// Square kernel and stride. 'same' pads as Keras does, the odd one at bottom and right; else nothing.
void pad(ConvolutionShape& shape, int kernel, int stride, bool same);

/// An activation: eltwise_relu with its slope below zero as alpha, eltwise_swish with alpha 1,
/// eltwise_logistic.
struct Eltwise {
  dnnl::algorithm function;
  float alpha;
};

/// Winograd F(4x4, 3x3) needs 3x3 kernels, AVX-512 and channels in sixteens; where oneDNN has none, direct is
/// what comes.
enum class Algorithm { direct, winograd };

/// Every function below throws dnnl::error for what oneDNN cannot do at all. Scratchpads are the caller's:
/// pass DNNL_ARG_SCRATCHPAD of scratchpad_desc(). `activation` is fused where given (Winograd then falls
/// back to direct).
dnnl::convolution_forward::primitive_desc convolution(const ConvolutionShape& shape, Algorithm algorithm,
                                                      dnnl::prop_kind use,
                                                      std::optional<Eltwise> activation = std::nullopt);
dnnl::convolution_backward_data::primitive_desc convolution_data_gradient(
    const ConvolutionShape& shape, Algorithm algorithm,
    const dnnl::convolution_forward::primitive_desc& forward);
dnnl::convolution_backward_weights::primitive_desc convolution_weight_gradient(
    const ConvolutionShape& shape, Algorithm algorithm,
    const dnnl::convolution_forward::primitive_desc& forward);

/// Whether oneDNN has nothing but its reference for it, which is thousands of times slower.
bool is_reference(const dnnl::primitive_desc_base& desc);

/// Inference only. Windows of size x size side by side, 'valid'.
dnnl::pooling_forward::primitive_desc max_pool(const dnnl::memory::desc& input,
                                               const dnnl::memory::desc& output, int size);
/// Inference only. Over all of height and width; `output` is n, c, 1, 1.
dnnl::pooling_forward::primitive_desc average_pool(const dnnl::memory::desc& input,
                                                   const dnnl::memory::desc& output);
/// Inference only, in place allowed.
dnnl::eltwise_forward::primitive_desc eltwise(const dnnl::memory::desc& data, const Eltwise& activation);

/// Inference only. `second` is shaped as `first`, or n, c, 1, 1; the output as `first`.
dnnl::binary::primitive_desc binary(dnnl::algorithm function, const dnnl::memory::desc& first,
                                    const dnnl::memory::desc& second);

struct DenseShape {
  dnnl::memory::desc input;
  dnnl::memory::desc kernel;
  dnnl::memory::desc bias;
  dnnl::memory::desc output;
};
dnnl::inner_product_forward::primitive_desc dense(const DenseShape& shape, dnnl::prop_kind use,
                                                  std::optional<Eltwise> activation = std::nullopt);
dnnl::inner_product_backward_data::primitive_desc dense_data_gradient(
    const DenseShape& shape, const dnnl::inner_product_forward::primitive_desc& forward);
dnnl::inner_product_backward_weights::primitive_desc dense_weight_gradient(
    const DenseShape& shape, const dnnl::inner_product_forward::primitive_desc& forward);

/// c = a x b, row-major, single precision, on the threads of use_threads(). `a` is rows x inner (transposed:
/// inner x rows), `b` inner x columns (transposed: columns x inner); the strides are between rows as they lie
/// in memory. Throws Error(software) if oneDNN refuses, std::bad_alloc.
struct Matrix {
  const float* data;
  std::size_t stride;
  bool transposed = false;
};
void multiply(std::size_t rows, std::size_t columns, std::size_t inner, const Matrix& a, const Matrix& b,
              float* c, std::size_t c_stride);

dnnl::reorder::primitive_desc reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

}  // namespace earshot::onednn
