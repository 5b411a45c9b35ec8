// StreamFacts: what the stream's `hello` tells, as it is known at the start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/hearing/BootClock.h"

namespace earshot {

/// What `hello` tells of a source at the start; its state follows from the SourceChange messages.
struct SourceFacts {
  std::string name;
  std::string kind;
};

/// Of a start of the daemon: 128 random bits in hex.
std::string new_instance();

/// What `hello` tells of the daemon.
struct StreamFacts {
  std::string model_name;
  std::string model_sha256;
  std::vector<std::string> labels;
  bool several_labels = false;  ///< at once: the scores are sigmoids, else a softmax
  std::uint64_t window_samples = 0;
  std::uint64_t hop_samples = 0;  ///< the effective hop
  int rate_hz = 0;
  std::vector<SourceFacts> sources;
  BootClock::time_point started = BootClock::now();
  std::string instance = new_instance();
};

}  // namespace earshot
