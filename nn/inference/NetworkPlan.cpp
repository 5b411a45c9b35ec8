#include "nn/inference/NetworkPlan.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/inference/InferencePlan.h"
#include "nn/inference/PreparedNetwork.h"
#include "nn/inference/SeparablePlan.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {

struct NetworkPlan::Impl {
  Impl(std::shared_ptr<const PreparedNetwork> shared, int thread_count)
      : threads(thread_count), network(std::move(shared)) {
    if (const SeparableNetwork* separable = network->separable()) {
      own.emplace(*separable);
    } else {
      onednn::use_threads(threads);
      chain.emplace(*network, threads);
    }
  }

  std::size_t most_windows() const noexcept { return own ? SeparablePlan::kMostPatches : 1; }

  // Of at most most_windows(), or null.
  const float* run(const float* features, std::size_t windows) noexcept {
    if (own) return own->run(features, windows);
    onednn::use_threads(threads);
    return chain->run(features);
  }
  std::size_t stride() const noexcept { return own ? own->logits_stride() : network->classes(); }

  int threads;
  std::shared_ptr<const PreparedNetwork> network;
  std::optional<SeparablePlan> own;  // one of the two
  std::optional<InferencePlan> chain;
};

NetworkPlan::NetworkPlan(std::shared_ptr<const PreparedNetwork> network, int threads) {
  if (threads < 1) {
    throw Error(ExitCode::software,
                "classifier: threads is " + std::to_string(threads) + ", expected 1 or more");
  }
  try {
    impl_ = std::make_unique<Impl>(std::move(network), threads);
    // Once for nothing: what oneDNN sets up late it sets up now, and a kernel that cannot run says so here.
    const std::vector<float> silence(impl_->network->input().size(), 0.0F);
    if (!impl_->run(silence.data(), 1))
      throw Error(ExitCode::unavailable, "classifier: oneDNN cannot run the network");
  } catch (const dnnl::error& error) {
    throw Error(ExitCode::unavailable,
                std::string("classifier: oneDNN cannot make the network: ") + error.what());
  }
}

NetworkPlan::~NetworkPlan() = default;
NetworkPlan::NetworkPlan(NetworkPlan&&) noexcept = default;
NetworkPlan& NetworkPlan::operator=(NetworkPlan&&) noexcept = default;

const PreparedNetwork& NetworkPlan::network() const noexcept {
  return *impl_->network;
}

bool NetworkPlan::run(std::span<const float> features, std::span<float> outputs) noexcept {
  const std::size_t values = network().input().size();
  const std::size_t classes = network().classes();
  const std::size_t windows = features.size() / values;
  if (windows == 0 || features.size() != windows * values || outputs.size() != windows * classes) return false;
  for (std::size_t first = 0; first < windows; first += impl_->most_windows()) {
    const std::size_t count = std::min(impl_->most_windows(), windows - first);
    const float* rows = impl_->run(features.data() + first * values, count);
    if (rows == nullptr) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(rows + i * impl_->stride(), classes, outputs.data() + (first + i) * classes);
    }
  }
  return true;
}

}  // namespace earshot
