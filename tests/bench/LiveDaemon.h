// measure_live: one daemon, many TCP senders in real time beside it: what it costs, what it skips, how late
// it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/model/Model.h"
#include "tests/daemon/Daemon.h"

namespace earshot::bench {

struct LiveSettings {
  std::size_t sources = 1;
  std::chrono::seconds time{60};
  int rate_hz = 44'100;
  double hop_s = 0.48;
  std::chrono::milliseconds block{10};
  std::string more;                        ///< of the configuration
  std::string listen = "\"127.0.0.1:0\"";  ///< as it has it
  /// Once the daemon is there; what it leaves behind is gone before the daemon ends.
  std::function<std::shared_ptr<void>(test::Daemon&)> beside = {};
};

struct LiveResult {
  std::string sound;
  double resident_mb = 0.0;
  double core = 0.0;         ///< of one processor, the daemon
  double others_core = 0.0;  ///< the senders and the client
  std::size_t predictions = 0;
  std::size_t events = 0;  ///< begun
  std::size_t gated = 0;
  std::uint64_t skipped = 0;
  std::uint64_t lost_samples = 0;
  double lag_s = 0.0;           ///< the worst that a heartbeat told
  std::vector<double> late_ms;  ///< from a window's last sample on its way to its line here
};

LiveResult measure_live(const LiveSettings& settings, const Model& model);

}  // namespace earshot::bench
