#include "nn/Classifier.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <deque>
#include <dnnl.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsp/Error.h"
#include "nn/ActivationShape.h"
#include "nn/Dnnl.h"
#include "nn/FusedLayers.h"
#include "nn/PrimitiveChain.h"
#include "nn/WinogradConvolution.h"

namespace earshot {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Kind = FusedLayer::Kind;
using onednn::Algorithm;
using onednn::Dims;

constexpr auto kInference = dnnl::prop_kind::forward_inference;

Dims image_dims(const FeatureShape& shape) {
  return {1, shape.channels, shape.height, shape.width};
}

// The network as a chain of primitives. Activations go to and fro between two buffers, in the layouts that
// the convolutions choose.
class Plan {
 public:
  Plan(const std::vector<FusedLayer>& layers, const FeatureShape& input, int threads) : threads_(threads) {
    // Features are height x width x channels; one channel alone is also what convolutions call nchw.
    input_ =
        onednn::view(onednn::f32(image_dims(input), input.channels == 1 ? Tag::nchw : Tag::nhwc), nullptr);
    current_ = input_;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      winograd_next_ = next_convolution_is_winograd(std::span(layers).subspan(i + 1));
      const bool pooled_next = i + 1 < layers.size() && layers[i + 1].kind == Kind::max_pool;
      if (add(layers[i], pooled_next ? &layers[i + 1] : nullptr) == Taken::pool_too) ++i;
    }
    logits_ = require(onednn::f32(current_.get_desc().dims(), Tag::nchw));
    allocate();
  }

  // `features` as recipe.shape() says -> logits, valid until the next call; null if oneDNN refused.
  const float* run(const float* features) noexcept {
    // oneDNN's handles are not const; no primitive writes to its source.
    input_.set_data_handle(const_cast<float*>(features));
    return chain_.run() ? static_cast<const float*>(logits_.get_data_handle()) : nullptr;
  }

 private:
  enum class Taken { layer, pool_too };

  Taken add(const FusedLayer& layer, const FusedLayer* pool) {
    switch (layer.kind) {
      case Kind::convolution:
        return add_convolution(layer, pool);
      case Kind::depthwise:
        add_direct(layer);
        return Taken::layer;
      case Kind::dense:
        add_dense(layer);
        return Taken::layer;
      case Kind::max_pool:
        add_max_pool(layer);
        return Taken::layer;
      case Kind::average_pool:
        add_average_pool(layer);
        return Taken::layer;
      case Kind::leaky_relu:
        add_leaky_relu(*layer.slope);
        return Taken::layer;
    }
    throw Error(ExitCode::software, "classifier: a layer of a kind that it does not know");
  }

  Taken add_convolution(const FusedLayer& layer, const FusedLayer* pool) {
    if (is_own_winograd(layer)) return add_own_winograd(layer, pool);
    const auto winograd = make_winograd(layer);
    if (!winograd) {
      add_direct(layer);
      return Taken::layer;
    }
    run_convolution(*winograd, layer);
    if (!layer.slope) return Taken::layer;
    // max(leaky(x)) = leaky(max(x)), since a slope of at least 0 keeps the order: activate what is left after
    // pooling.
    if (pool) add_max_pool(*pool);
    add_leaky_relu(*layer.slope);
    return pool ? Taken::pool_too : Taken::layer;
  }

  Taken add_own_winograd(const FusedLayer& layer, const FusedLayer* pool) {
    const bool fuse_pool = pool && pool->size == 2;
    const memory input = require(ActivationShape(layer.input).desc());
    const memory output = move_on(ActivationShape(fuse_pool ? pool->output : layer.output).desc());
    WinogradConvolution& convolution =
        own_winograd_.emplace_back(WinogradConvolution::Config{.height = layer.input.height,
                                                               .width = layer.input.width,
                                                               .inputs = layer.input.channels,
                                                               .filters = layer.output.channels,
                                                               .pool = fuse_pool,
                                                               .slope = layer.slope,
                                                               .threads = threads_});
    convolution.load(KernelView::oihw(layer.weights.data(), layer.input.channels), layer.bias);
    chain_.add([&convolution, input, output] {
      convolution.run(static_cast<const float*>(input.get_data_handle()),
                      static_cast<float*>(output.get_data_handle()));
    });
    return fuse_pool ? Taken::pool_too : Taken::layer;
  }

  static bool next_convolution_is_winograd(std::span<const FusedLayer> following) {
    const auto keeps_layout = [](const FusedLayer& layer) {
      return layer.kind == Kind::max_pool || layer.kind == Kind::leaky_relu;
    };
    const auto next = std::find_if_not(following.begin(), following.end(), keeps_layout);
    return next != following.end() && next->kind == Kind::convolution &&
           (is_own_winograd(*next) || make_winograd(*next).has_value());
  }

  static onednn::ConvolutionShape convolution_shape(const FusedLayer& layer) {
    onednn::ConvolutionShape shape;
    const memory::dim in = layer.input.channels;
    const memory::dim out = layer.output.channels;
    shape.input = onednn::any(image_dims(layer.input));
    shape.kernel = onednn::any(layer.kind == Kind::depthwise ? Dims{in, 1, 1, layer.size, layer.size}
                                                             : Dims{out, in, layer.size, layer.size});
    if (!layer.bias.empty()) shape.bias = onednn::f32({out}, Tag::x);
    shape.output = onednn::any(image_dims(layer.output));
    onednn::pad_same(shape, layer.size, layer.size);
    return shape;
  }

  static bool is_own_winograd(const FusedLayer& layer) {
    return WinogradConvolution::pays(layer.size, layer.input.channels);
  }

  static std::optional<dnnl::convolution_forward::primitive_desc> make_winograd(const FusedLayer& layer) {
    // With fewer channels than a vector has lanes the direct kernels win.
    if (layer.size != 3 || layer.input.channels < onednn::channel_lanes()) return std::nullopt;
    const auto desc = onednn::convolution(convolution_shape(layer), Algorithm::winograd, kInference);
    if (std::string_view(desc.impl_info_str()).find("wino") == std::string_view::npos) return std::nullopt;
    return desc;
  }

  void add_direct(const FusedLayer& layer) {
    onednn::ConvolutionShape shape = convolution_shape(layer);
    // Left to itself it may prefer channels last, and every value would have to be moved for Winograd.
    if (winograd_next_) shape.output = ActivationShape(layer.output).desc();
    run_convolution(onednn::convolution(shape, Algorithm::direct, kInference, layer.slope), layer);
  }

  void run_convolution(const dnnl::convolution_forward::primitive_desc& desc, const FusedLayer& layer) {
    const memory input = require(desc.src_desc());
    const memory::dim channels = layer.input.channels;
    const Dims kernel = layer.kind == Kind::depthwise
                            ? Dims{channels, 1, 1, layer.size, layer.size}
                            : Dims{layer.output.channels, channels, layer.size, layer.size};
    const Tag tag = layer.kind == Kind::depthwise ? Tag::goihw : Tag::oihw;
    onednn::PrimitiveChain::Arguments arguments = {
        {DNNL_ARG_SRC, input},
        {DNNL_ARG_WEIGHTS, packed(layer.weights, onednn::f32(kernel, tag), desc.weights_desc())}};
    if (!layer.bias.empty()) {
      arguments.emplace_back(DNNL_ARG_BIAS, packed(layer.bias, desc.bias_desc(), desc.bias_desc()));
    }
    advance(dnnl::convolution_forward(desc), desc, std::move(arguments), desc.dst_desc());
  }

  void add_dense(const FusedLayer& layer) {
    const memory::dim in = layer.input.channels;
    const memory::dim out = layer.output.channels;
    const auto desc = onednn::dense({.input = onednn::f32({1, in}, Tag::nc),
                                     .kernel = onednn::any({out, in}),
                                     .bias = onednn::f32({out}, Tag::x),
                                     .output = onednn::f32({1, out}, Tag::nc)},
                                    kInference, layer.slope);
    // Channels of one pixel are a row: the same memory as an image and as oneDNN's dense layer sees it.
    if (place_ == kInput) copy_to(onednn::f32(image_dims(layer.input), Tag::nchw));
    require(onednn::f32(image_dims(layer.input), Tag::nchw));
    const memory input = place(desc.src_desc());
    move_on(onednn::f32(image_dims(layer.output), Tag::nchw));
    chain_.add(
        dnnl::inner_product_forward(desc), desc.scratchpad_desc(),
        {{DNNL_ARG_SRC, input},
         {DNNL_ARG_WEIGHTS, packed(layer.weights, onednn::f32({out, in}, Tag::oi), desc.weights_desc())},
         {DNNL_ARG_BIAS, packed(layer.bias, desc.bias_desc(), desc.bias_desc())},
         {DNNL_ARG_DST, place(desc.dst_desc())}});
  }

  void add_max_pool(const FusedLayer& layer) {
    const auto desc =
        onednn::max_pool(current_.get_desc(), onednn::any(image_dims(layer.output)), layer.size);
    advance(dnnl::pooling_forward(desc), desc, {{DNNL_ARG_SRC, current_}}, desc.dst_desc());
  }

  void add_average_pool(const FusedLayer& layer) {
    if (layer.input.height == 1 && layer.input.width == 1) return;
    const auto desc = onednn::average_pool(current_.get_desc(), onednn::any(image_dims(layer.output)));
    advance(dnnl::pooling_forward(desc), desc, {{DNNL_ARG_SRC, current_}}, desc.dst_desc());
  }

  void add_leaky_relu(float slope) {
    const auto desc = onednn::leaky_relu(current_.get_desc(), slope);
    onednn::PrimitiveChain::Arguments arguments = {{DNNL_ARG_SRC, current_}};
    if (place_ == kInput) {  // the caller's features stay as they are
      advance(dnnl::eltwise_forward(desc), desc, std::move(arguments), current_.get_desc());
      return;
    }
    arguments.emplace_back(DNNL_ARG_DST, current_);
    chain_.add(dnnl::eltwise_forward(desc), desc.scratchpad_desc(), std::move(arguments));
  }

  // The activation at hand, reordered if it does not lie as `desc` says.
  memory require(const memory::desc& desc) {
    if (current_.get_desc() != desc) copy_to(desc);
    return current_;
  }

  void copy_to(const memory::desc& desc) {
    const auto reorder = onednn::reorder(current_.get_desc(), desc);
    advance(dnnl::reorder(reorder), reorder, {{DNNL_ARG_FROM, current_}}, desc);
  }

  // Adds a primitive that writes its result to the buffer that the activation at hand is not in.
  void advance(const dnnl::primitive& primitive, const dnnl::primitive_desc_base& desc,
               onednn::PrimitiveChain::Arguments arguments, const memory::desc& output) {
    arguments.emplace_back(DNNL_ARG_DST, move_on(output));
    chain_.add(primitive, desc.scratchpad_desc(), std::move(arguments));
  }

  // The activation at hand is now the other buffer, seen as described.
  memory move_on(const memory::desc& output) {
    place_ = place_ == 0 ? 1 : 0;
    return current_ = place(output);
  }

  // A view of the buffer at hand, which is allocated when all sizes are known.
  memory place(const memory::desc& desc) {
    return views_[static_cast<std::size_t>(place_)].emplace_back(onednn::view(desc, nullptr));
  }

  void allocate() {
    for (std::size_t i = 0; i < views_.size(); ++i) {
      std::size_t bytes = 0;
      for (const memory& view : views_[i]) bytes = std::max(bytes, view.get_desc().get_size());
      activations_[i] = onednn::Buffer(bytes);
      for (memory& view : views_[i]) view.set_data_handle(activations_[i].data());
    }
    chain_.finish();
  }

  // `values`, which lie as `plain` says, in the layout that a primitive wants.
  memory packed(std::vector<float> values, const memory::desc& plain, const memory::desc& wanted) {
    constants_.emplace_back(wanted.get_size());
    memory to = onednn::view(wanted, constants_.back().data());
    onednn::PrimitiveChain once;
    const auto reorder = onednn::reorder(plain, wanted);
    once.add(dnnl::reorder(reorder), reorder.scratchpad_desc(),
             {{DNNL_ARG_FROM, onednn::view(plain, values.data())}, {DNNL_ARG_TO, to}});
    once.finish();
    if (!once.run()) throw Error(ExitCode::software, "classifier: oneDNN cannot reorder weights");
    return to;
  }

  static constexpr int kInput = -1;

  int threads_;
  std::deque<WinogradConvolution> own_winograd_;  // the chain points at them
  onednn::PrimitiveChain chain_;
  std::vector<onednn::Buffer> constants_;
  std::array<onednn::Buffer, 2> activations_;
  std::array<std::vector<memory>, 2> views_;
  memory input_;
  memory logits_;
  memory current_;      // the activation at hand while planning
  int place_ = kInput;  // and the buffer it is in
  bool winograd_next_ = false;
};

// softmax(logits / temperature), the largest taken out first so that nothing overflows.
void softmax(std::span<const float> logits, double temperature, std::span<float> scores) noexcept {
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp((static_cast<double>(logit) - largest) / temperature);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = static_cast<float>(std::exp((static_cast<double>(logits[i]) - largest) / temperature) / sum);
  }
}

}  // namespace

struct Classifier::Impl {
  Impl(const Model& model, int thread_count)
      : threads(thread_count),
        features(model.architecture.input.size()),
        classes(static_cast<std::size_t>(class_count(model.architecture))),
        temperature(static_cast<double>(model.temperature)),
        plan(fuse(model.architecture, model.weights), model.architecture.input, thread_count) {}

  int threads;
  std::size_t features;
  std::size_t classes;
  double temperature;
  Plan plan;
};

Classifier::Classifier(const Model& model, int threads) {
  if (threads < 1) {
    throw Error(ExitCode::software,
                "classifier: threads is " + std::to_string(threads) + ", expected 1 or more");
  }
  onednn::use_threads(threads);
  try {
    impl_ = std::make_unique<Impl>(model, threads);
    // Once for nothing: what oneDNN sets up late it sets up now, and a kernel that cannot run says so here.
    const std::vector<float> silence(impl_->features, 0.0F);
    if (!impl_->plan.run(silence.data()))
      throw Error(ExitCode::unavailable, "classifier: oneDNN cannot run the network");
  } catch (const dnnl::error& error) {
    throw Error(ExitCode::unavailable,
                std::string("classifier: oneDNN cannot make the network: ") + error.what());
  }
}

Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

void Classifier::classify(std::span<const float> features, std::span<float> scores) noexcept {
  assert(features.size() == impl_->features && scores.size() == impl_->classes);
  onednn::use_threads(impl_->threads);
  const float* logits = impl_->plan.run(features.data());
  assert(logits != nullptr);  // the constructor ran the same primitives
  softmax({logits, impl_->classes}, impl_->temperature, scores);
}

}  // namespace earshot
