#include "nn/inference/PreparedNetwork.h"

#include <algorithm>

#include "nn/kernels/PrimitiveChain.h"

namespace earshot {

PreparedNetwork::PreparedNetwork(const Model& model)
    : layers_(fuse(model.architecture, model.weights)),
      input_(model.architecture.input),
      classes_(static_cast<std::size_t>(class_count(model.architecture))),
      scores_(model.architecture.scores),
      temperature_(static_cast<double>(model.temperature)) {
  if (!SeparableNetwork::can_be(layers_)) return;
  separable_.emplace(layers_);
  layers_ = {};  // their weights are laid out
}

dnnl::memory PreparedNetwork::packed(const std::vector<float>& values, const dnnl::memory::desc& plain,
                                     const dnnl::memory::desc& wanted) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(packed_, [&](const Packed& known) {
    return known.from == values.data() && known.layout == wanted;
  });
  if (found != packed_.end()) return onednn::view(wanted, found->to.data());

  onednn::Buffer buffer(wanted.get_size());
  const dnnl::memory to = onednn::view(wanted, buffer.data());
  onednn::PrimitiveChain once;
  const auto reorder = onednn::reorder(plain, wanted);
  // oneDNN's handles are not const; it writes to none that it reads.
  const dnnl::memory from = onednn::view(plain, const_cast<float*>(values.data()));
  once.add(dnnl::reorder(reorder), reorder.scratchpad_desc(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  once.finish();
  onednn::check(once.run());
  packed_.push_back({values.data(), wanted, std::move(buffer)});
  return to;
}

const WinogradConvolution& PreparedNetwork::winograd(const FusedLayer& layer) const {
  const std::lock_guard lock(mutex_);
  const auto found = winograd_.find(&layer);
  if (found != winograd_.end()) return found->second;
  WinogradConvolution& convolution =
      winograd_
          .emplace(&layer, WinogradConvolution::Config{.height = layer.input.height,
                                                       .width = layer.input.width,
                                                       .inputs = layer.input.channels,
                                                       .filters = layer.output.channels,
                                                       .threads = 0})
          .first->second;
  convolution.load(KernelView::oihw(layer.weights.data(), layer.input.channels), layer.bias);
  return convolution;
}

}  // namespace earshot
