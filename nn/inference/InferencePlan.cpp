#include "nn/inference/InferencePlan.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "nn/inference/ConvolutionChoice.h"
#include "nn/kernels/ActivationShape.h"
#include "nn/kernels/PrimitiveChain.h"
#include "nn/kernels/Slots.h"
#include "nn/kernels/WinogradConvolution.h"

namespace earshot {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Kind = FusedLayer::Kind;
using onednn::Algorithm;
using onednn::Dims;

constexpr auto kInference = dnnl::prop_kind::forward_inference;

onednn::Eltwise eltwise_of(const FusedActivation& activation) {
  switch (activation.function) {
    case FusedActivation::Function::swish:
      return {dnnl::algorithm::eltwise_swish, 1.0F};
    case FusedActivation::Function::sigmoid:
      return {dnnl::algorithm::eltwise_logistic, 0.0F};
    case FusedActivation::Function::leaky:
      break;
  }
  return {dnnl::algorithm::eltwise_relu, activation.slope};
}

}  // namespace

struct InferencePlan::Impl {
 public:
  Impl(const PreparedNetwork& network, int threads)
      : network_(network),
        threads_(threads),
        layers_(network.layers()),
        readers_(layers_.size(), 0),
        values_(layers_.size()) {
    const FeatureShape& input = network.input();
    // Features are height x width x channels; one channel alone is also what convolutions call nchw.
    input_ =
        onednn::view(onednn::f32(image_dims(input), input.channels == 1 ? Tag::nchw : Tag::nhwc), nullptr);
    for (const FusedLayer& layer : layers_) {
      for (const int read : layer.inputs) {
        if (read >= 0) ++readers_[static_cast<std::size_t>(read)];
      }
    }
    for (std::size_t i = 0; i < layers_.size();) i = add_from(i);
    logits_ = require(values_.back(), onednn::f32(onednn::dims_of(values_.back().desc()), Tag::nchw)).data;
    allocate();
  }

  const float* run(const float* features) noexcept {
    // oneDNN's handles are not const; no primitive writes to its source.
    input_.set_data_handle(const_cast<float*>(features));
    if (chain_.run() != dnnl_success) return nullptr;
    return static_cast<const float*>(logits_.get_data_handle());
  }

 private:
  // An activation: as it lies, and the buffer it is in.
  struct Value {
    memory data;
    std::size_t slot = kInputSlot;
    memory::desc desc() const { return data.get_desc(); }
  };

  // Layer i, and the pooling after it if that goes along; returns the first that is not done.
  std::size_t add_from(std::size_t i) {
    const FusedLayer& layer = layers_[i];
    winograd_next_ = next_convolution_is_winograd(layers_.subspan(i + 1));
    const bool pooled_next = i + 1 < layers_.size() && layers_[i + 1].kind == Kind::max_pool &&
                             layers_[i + 1].inputs.front() == static_cast<int>(i) && readers_[i] == 1;
    const FusedLayer* pool = pooled_next ? &layers_[i + 1] : nullptr;
    Value in = value_of(layer.inputs.front());
    bool pool_done = false;
    Value out;
    switch (layer.kind) {
      case Kind::convolution:
        out = add_convolution(layer, in, pool, pool_done);
        break;
      case Kind::depthwise:
        out = add_direct(layer, in);
        break;
      case Kind::dense:
        out = add_dense(layer, in);
        break;
      case Kind::max_pool:
        out = add_max_pool(layer, in);
        break;
      case Kind::average_pool:
        out = add_average_pool(layer, in);
        break;
      case Kind::activation:
        out = add_activation(*layer.activation, in);
        break;
      case Kind::flatten:
        out = add_flatten(layer, in);
        break;
      case Kind::add:
        out = add_binary(dnnl::algorithm::binary_add, in, value_of(layer.inputs[1]));
        break;
      case Kind::multiply:
        out = add_binary(dnnl::algorithm::binary_mul, in, value_of(layer.inputs[1]));
        break;
    }
    for (const int read : layer.inputs) release(read, out.slot);
    give_back_temporaries(out.slot);
    values_[i] = out;
    if (!pool_done) return i + 1;
    values_[i + 1] = out;
    readers_[i] = 0;
    return i + 2;
  }

  Value value_of(int layer) const {
    return layer < 0 ? Value{input_, kInputSlot} : values_[static_cast<std::size_t>(layer)];
  }

  // The layer has been read once more; after the last time its buffer is free, unless it goes on in `kept`.
  void release(int layer, std::size_t kept) {
    if (layer < 0) return;
    const auto i = static_cast<std::size_t>(layer);
    if (--readers_[i] > 0) return;
    if (values_[i].slot != kept && values_[i].slot != kInputSlot) slots_.give_back(values_[i].slot);
  }
  void give_back_temporaries(std::size_t kept) {
    for (const std::size_t slot : temporaries_) {
      if (slot != kept) slots_.give_back(slot);
    }
    temporaries_.clear();
  }

  Value add_convolution(const FusedLayer& layer, const Value& in, const FusedLayer* pool, bool& pool_done) {
    if (is_own_winograd(layer)) return add_own_winograd(layer, in, pool, pool_done);
    const auto winograd = make_winograd(layer);
    if (!winograd) return add_direct(layer, in);
    Value out = run_convolution(*winograd, layer, in);
    if (!layer.activation) return out;
    // max(leaky(x)) = leaky(max(x)), since a slope of at least 0 keeps the order: activate what is left after
    // pooling.
    if (pool) {
      temporaries_.push_back(out.slot);
      out = add_max_pool(*pool, out);
      pool_done = true;
    }
    activate_in_place(*layer.activation, out);
    return out;
  }

  Value add_own_winograd(const FusedLayer& layer, const Value& in, const FusedLayer* pool, bool& pool_done) {
    const bool fuse_pool = pool && pool->size == 2;
    pool_done = fuse_pool;
    const memory input = require(in, ActivationShape(layer.input).desc()).data;
    const Value out = place(ActivationShape(fuse_pool ? pool->output : layer.output).desc());
    const memory output = out.data;
    const auto slope = layer.activation ? std::optional(layer.activation->slope) : std::nullopt;
    WinogradConvolution& convolution =
        own_winograd_.emplace_back(WinogradConvolution::Config{.height = layer.input.height,
                                                               .width = layer.input.width,
                                                               .inputs = layer.input.channels,
                                                               .filters = layer.output.channels,
                                                               .pool = fuse_pool,
                                                               .slope = slope,
                                                               .threads = threads_},
                                   network_.winograd(layer));
    chain_.add([&convolution, input, output] {
      convolution.run(static_cast<const float*>(input.get_data_handle()),
                      static_cast<float*>(output.get_data_handle()));
    });
    return out;
  }

  Value add_direct(const FusedLayer& layer, const Value& in) {
    onednn::ConvolutionShape shape = convolution_shape(layer);
    // Left to itself it may prefer channels last, and every value would have to be moved for Winograd.
    if (winograd_next_) shape.output = ActivationShape(layer.output).desc();
    const auto activation = layer.activation ? std::optional(eltwise_of(*layer.activation)) : std::nullopt;
    return run_convolution(onednn::convolution(shape, Algorithm::direct, kInference, activation), layer, in);
  }

  Value run_convolution(const dnnl::convolution_forward::primitive_desc& desc, const FusedLayer& layer,
                        const Value& in) {
    const memory input = require(in, desc.src_desc()).data;
    const Dims kernel = onednn::dims_of(convolution_shape(layer).kernel);
    const Tag tag = layer.kind == Kind::depthwise ? Tag::goihw : Tag::oihw;
    onednn::PrimitiveChain::Arguments arguments = {
        {DNNL_ARG_SRC, input},
        {DNNL_ARG_WEIGHTS, network_.packed(layer.weights, onednn::f32(kernel, tag), desc.weights_desc())}};
    if (!layer.bias.empty()) {
      arguments.emplace_back(DNNL_ARG_BIAS, network_.packed(layer.bias, desc.bias_desc(), desc.bias_desc()));
    }
    return run(dnnl::convolution_forward(desc), desc, std::move(arguments), desc.dst_desc());
  }

  Value add_dense(const FusedLayer& layer, const Value& in) {
    const memory::dim inputs = layer.input.channels;
    const memory::dim units = layer.output.channels;
    const auto activation = layer.activation ? std::optional(eltwise_of(*layer.activation)) : std::nullopt;
    const auto desc = onednn::dense({.input = onednn::f32({1, inputs}, Tag::nc),
                                     .kernel = onednn::any({units, inputs}),
                                     .bias = onednn::f32({units}, Tag::x),
                                     .output = onednn::f32({1, units}, Tag::nc)},
                                    kInference, activation);
    // Channels of one pixel are a row: the same memory as an image and as oneDNN's dense layer sees it.
    const Value row = owned(require(in, onednn::f32(image_dims(layer.input), Tag::nchw)));
    const Value out = place(onednn::f32(image_dims(layer.output), Tag::nchw));
    chain_.add(dnnl::inner_product_forward(desc), desc.scratchpad_desc(),
               {{DNNL_ARG_SRC, view(row.slot, desc.src_desc())},
                {DNNL_ARG_WEIGHTS,
                 network_.packed(layer.weights, onednn::f32({units, inputs}, Tag::oi), desc.weights_desc())},
                {DNNL_ARG_BIAS, network_.packed(layer.bias, desc.bias_desc(), desc.bias_desc())},
                {DNNL_ARG_DST, view(out.slot, desc.dst_desc())}});
    return out;
  }

  // Height, width, channel order is a row of channels; only the description changes.
  Value add_flatten(const FusedLayer& layer, const Value& in) {
    const Value rows = owned(require(unshared(layer, in), onednn::f32(image_dims(layer.input), Tag::nhwc)));
    return {view(rows.slot, onednn::f32(image_dims(layer.output), Tag::nchw)), rows.slot};
  }

  Value add_max_pool(const FusedLayer& layer, const Value& in) {
    const auto desc = onednn::max_pool(in.desc(), onednn::any(image_dims(layer.output)), layer.size);
    return run(dnnl::pooling_forward(desc), desc, {{DNNL_ARG_SRC, in.data}}, desc.dst_desc());
  }

  Value add_average_pool(const FusedLayer& layer, const Value& in) {
    if (layer.input.height == 1 && layer.input.width == 1) return unshared(layer, in);
    const auto desc = onednn::average_pool(in.desc(), onednn::any(image_dims(layer.output)));
    return run(dnnl::pooling_forward(desc), desc, {{DNNL_ARG_SRC, in.data}}, desc.dst_desc());
  }

  Value add_activation(const FusedActivation& activation, const Value& in) {
    const auto desc = onednn::eltwise(in.desc(), eltwise_of(activation));
    return run(dnnl::eltwise_forward(desc), desc, {{DNNL_ARG_SRC, in.data}}, in.desc());
  }
  void activate_in_place(const FusedActivation& activation, const Value& value) {
    const auto desc = onednn::eltwise(value.desc(), eltwise_of(activation));
    chain_.add(dnnl::eltwise_forward(desc), desc.scratchpad_desc(),
               {{DNNL_ARG_SRC, value.data}, {DNNL_ARG_DST, value.data}});
  }

  Value add_binary(dnnl::algorithm function, const Value& first, const Value& second) {
    const bool gate = onednn::dims_of(first.desc()) != onednn::dims_of(second.desc());
    const Value other = gate ? require(second, onednn::f32(onednn::dims_of(second.desc()), Tag::nchw))
                             : require(second, first.desc());
    const auto desc = onednn::binary(function, first.desc(), other.desc());
    return run(dnnl::binary(desc), desc, {{DNNL_ARG_SRC_0, first.data}, {DNNL_ARG_SRC_1, other.data}},
               first.desc());
  }

  // The activation, reordered if it does not lie as `desc` says.
  Value require(const Value& value, const memory::desc& desc) {
    return value.desc() == desc ? value : copy(value, desc);
  }
  // The activation in a buffer of ours: the caller's features have no other view.
  Value owned(const Value& value) { return value.slot == kInputSlot ? copy(value, value.desc()) : value; }

  // The activation in a buffer that this layer may hand on as its own.
  Value unshared(const FusedLayer& layer, const Value& value) {
    const int input = layer.inputs.front();
    const bool shared = input < 0 || readers_[static_cast<std::size_t>(input)] > 1;
    return shared ? copy(value, value.desc()) : value;
  }

  Value copy(const Value& value, const memory::desc& desc) {
    const auto reorder = onednn::reorder(value.desc(), desc);
    const Value out = run(dnnl::reorder(reorder), reorder, {{DNNL_ARG_FROM, value.data}}, desc);
    temporaries_.push_back(out.slot);
    return out;
  }

  // Adds a primitive that writes its result to a free buffer.
  Value run(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc,
            onednn::PrimitiveChain::Arguments arguments, const memory::desc& output) {
    const Value out = place(output);
    arguments.emplace_back(DNNL_ARG_DST, out.data);
    chain_.add(primitive, desc.scratchpad_desc(), std::move(arguments));
    return out;
  }

  Value place(const memory::desc& desc) {
    const std::size_t slot = slots_.take();
    if (slot == views_.size()) views_.emplace_back();
    return {view(slot, desc), slot};
  }

  // A view of a buffer, which is allocated when all sizes are known.
  memory view(std::size_t slot, const memory::desc& desc) {
    return views_[slot].emplace_back(onednn::view(desc, nullptr));
  }

  void allocate() {
    for (const std::vector<memory>& views : views_) {
      std::size_t bytes = 0;
      for (const memory& view : views) bytes = std::max(bytes, view.get_desc().get_size());
      buffers_.emplace_back(bytes);
      for (memory view : views) view.set_data_handle(buffers_.back().data());
    }
    chain_.finish();
  }

  static constexpr std::size_t kInputSlot = std::numeric_limits<std::size_t>::max();

  const PreparedNetwork& network_;
  int threads_;
  std::span<const FusedLayer> layers_;
  std::vector<int> readers_;            // by layer: who is yet to read it
  std::vector<Value> values_;           // by layer
  Slots slots_;
  std::vector<std::size_t> temporaries_;          // slots of copies made for the layer at hand
  std::deque<WinogradConvolution> own_winograd_;  // the chain points at them
  onednn::PrimitiveChain chain_;
  std::vector<onednn::Buffer> buffers_;     // by slot
  std::vector<std::vector<memory>> views_;  // by slot
  memory input_;
  memory logits_;
  bool winograd_next_ = false;
};

InferencePlan::InferencePlan(const PreparedNetwork& network, int threads)
    : impl_(std::make_unique<Impl>(network, threads)) {}
InferencePlan::~InferencePlan() = default;

const float* InferencePlan::run(const float* features) noexcept {
  return impl_->run(features);
}

}  // namespace earshot
