// PreparedNetwork: a model's network as inference takes it, its weights laid out once for all who run it.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "nn/inference/FusedLayers.h"
#include "nn/inference/SeparableNetwork.h"
#include "nn/kernels/Dnnl.h"
#include "nn/kernels/WinogradConvolution.h"
#include "nn/model/Model.h"

namespace earshot {

/// Immutable to those who use it, on any number of threads: what it has not laid out yet it lays out under a lock,
/// while plans are made. It outlives them.
class PreparedNetwork {
 public:
  /// Throws as fuse() does.
  explicit PreparedNetwork(const Model& model);

  /// What our own loops run whole; null: an InferencePlan runs the layers.
  const SeparableNetwork* separable() const noexcept { return separable_ ? &*separable_ : nullptr; }
  /// None of a separable network.
  const std::vector<FusedLayer>& layers() const noexcept { return layers_; }
  const FeatureShape& input() const noexcept { return input_; }
  std::size_t classes() const noexcept { return classes_; }
  Scores scores() const noexcept { return scores_; }
  double temperature() const noexcept { return temperature_; }

  /// A layer's weights or bias, which lie as `plain` says, in the layout that a primitive wants. Throws dnnl::error,
  /// Error(software) if oneDNN refuses.
  dnnl::memory packed(const std::vector<float>& values, const dnnl::memory::desc& plain,
                      const dnnl::memory::desc& wanted) const;
  /// Whose kernel is that of a layer for which is_own_winograd(); it has no scratch and is for sharing.
  const WinogradConvolution& winograd(const FusedLayer& layer) const;

 private:
  struct Packed {
    const float* from;
    dnnl::memory::desc layout;
    onednn::Buffer to;
  };

  std::vector<FusedLayer> layers_;
  std::optional<SeparableNetwork> separable_;
  FeatureShape input_;
  std::size_t classes_;
  Scores scores_;
  double temperature_;

  mutable std::mutex mutex_;  // of what follows; entries never move
  mutable std::deque<Packed> packed_;
  mutable std::map<const FusedLayer*, WinogradConvolution> winograd_;
};

}  // namespace earshot
