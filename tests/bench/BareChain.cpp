#include "tests/bench/BareChain.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace earshot::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using onednn::Dims;

constexpr auto kInference = dnnl::prop_kind::forward_inference;
constexpr onednn::Eltwise kLeakyRelu = {dnnl::algorithm::eltwise_relu, 0.1F};

}  // namespace

BareChain::BareChain(int threads) : threads_(threads) {
  onednn::use_threads(threads);
  current_ = allocate(onednn::f32({1, 1, 256, 256}, Tag::nchw), 0.5F);
  convolution(32, 3, false, true);
  convolution(32, 3, false, true);
  max_pool();
  convolution(64, 3, false, true);
  convolution(64, 3, false, true);
  max_pool();
  separable(128);
  separable(128);
  max_pool();
  separable(256);
  max_pool();
  average_pool();
  dense(256, true);
  dense(64, true);
  dense(10, false);
  chain_.finish();
}

void BareChain::run() const {
  onednn::use_threads(threads_);
  if (chain_.run() != dnnl_success) throw std::runtime_error("oneDNN refused to run a primitive");
}

void BareChain::convolution(memory::dim filters, memory::dim kernel, bool depthwise, bool activated) {
  const Dims in = onednn::dims_of(current_.get_desc());
  onednn::ConvolutionShape shape;
  shape.input = onednn::any(in);
  shape.kernel =
      onednn::any(depthwise ? Dims{filters, 1, 1, kernel, kernel} : Dims{filters, in[1], kernel, kernel});
  if (!depthwise) shape.bias = onednn::f32({filters}, Tag::x);
  shape.output = onednn::any({1, filters, in[2], in[3]});
  onednn::pad(shape, static_cast<int>(kernel), 1, true);
  const auto activation = activated ? std::optional(kLeakyRelu) : std::nullopt;
  const auto desc = onednn::convolution(shape, onednn::Algorithm::direct, kInference, activation);
  require(desc.src_desc());
  onednn::PrimitiveChain::Arguments arguments = {{DNNL_ARG_SRC, current_},
                                                 {DNNL_ARG_WEIGHTS, allocate(desc.weights_desc(), 0.01F)}};
  if (!depthwise) arguments.emplace_back(DNNL_ARG_BIAS, allocate(desc.bias_desc(), 0.1F));
  add(dnnl::convolution_forward(desc), desc, std::move(arguments), desc.dst_desc());
}

void BareChain::separable(memory::dim filters) {
  convolution(onednn::dims_of(current_.get_desc())[1], 3, true, false);
  convolution(filters, 1, false, true);
}

void BareChain::max_pool() {
  const Dims in = onednn::dims_of(current_.get_desc());
  const auto desc = onednn::max_pool(current_.get_desc(), onednn::any({1, in[1], in[2] / 2, in[3] / 2}), 2);
  add(dnnl::pooling_forward(desc), desc, {{DNNL_ARG_SRC, current_}}, desc.dst_desc());
}

void BareChain::average_pool() {
  const memory::dim channels = onednn::dims_of(current_.get_desc())[1];
  const auto desc = onednn::average_pool(current_.get_desc(), onednn::any({1, channels, 1, 1}));
  add(dnnl::pooling_forward(desc), desc, {{DNNL_ARG_SRC, current_}}, desc.dst_desc());
  require(onednn::f32({1, channels, 1, 1}, Tag::nchw));
  current_ = onednn::view(onednn::f32({1, channels}, Tag::nc), current_.get_data_handle());
}

void BareChain::dense(memory::dim units, bool activated) {
  const auto activation = activated ? std::optional(kLeakyRelu) : std::nullopt;
  const auto desc = onednn::dense({.input = current_.get_desc(),
                                   .kernel = onednn::any({units, onednn::dims_of(current_.get_desc())[1]}),
                                   .bias = onednn::f32({units}, Tag::x),
                                   .output = onednn::f32({1, units}, Tag::nc)},
                                  kInference, activation);
  add(dnnl::inner_product_forward(desc), desc,
      {{DNNL_ARG_SRC, current_},
       {DNNL_ARG_WEIGHTS, allocate(desc.weights_desc(), 0.01F)},
       {DNNL_ARG_BIAS, allocate(desc.bias_desc(), 0.1F)}},
      desc.dst_desc());
}

memory BareChain::allocate(const memory::desc& desc, float value) {
  buffers_.emplace_back(desc.get_size());
  std::fill_n(buffers_.back().floats(), desc.get_size() / sizeof(float), value);
  return onednn::view(desc, buffers_.back().data());
}

void BareChain::require(const memory::desc& desc) {
  if (current_.get_desc() == desc) return;
  const auto reorder = onednn::reorder(current_.get_desc(), desc);
  add(dnnl::reorder(reorder), reorder, {{DNNL_ARG_FROM, current_}}, desc);
}

void BareChain::add(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc,
                    onednn::PrimitiveChain::Arguments arguments, const memory::desc& output) {
  current_ = allocate(output, 0.0F);
  arguments.emplace_back(DNNL_ARG_DST, current_);
  chain_.add(primitive, desc.scratchpad_desc(), std::move(arguments));
}

}  // namespace earshot::bench
