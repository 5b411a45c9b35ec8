// NetworkPlan: runs a prepared network: features -> what its last layer gives.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace earshot {

class PreparedNetwork;

/// By our own loops on the calling thread where the network allows it, else by oneDNN. Not thread safe: one instance a
/// thread.
class NetworkPlan {
 public:
  /// Builds every primitive and buffer. `threads` >= 1 are those of oneDNN when run() runs. Throws Error.
  NetworkPlan(std::shared_ptr<const PreparedNetwork> network, int threads);
  ~NetworkPlan();
  NetworkPlan(NetworkPlan&&) noexcept;
  NetworkPlan& operator=(NetworkPlan&&) noexcept;

  const PreparedNetwork& network() const noexcept;

  /// real-time: but for what oneDNN itself does. `features` of one window or of several behind one another, height x
  /// width x channels each -> `outputs`, network().classes() values a window. The same window gives the same bits,
  /// whatever stands beside it. False if there are more or fewer of either, or oneDNN refused to compute.
  [[nodiscard]] bool run(std::span<const float> features, std::span<float> outputs) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
