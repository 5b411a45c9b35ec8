// PcmReader: a source of raw PCM that a thread of its own reads from.
#pragma once

#include <string>

#include "daemon/capture/PcmSource.h"

namespace earshot {

class PcmReader : public PcmSource {
 protected:
  using PcmSource::PcmSource;

  /// A thread of its own: reads until the end or a stop, and pushes into arrivals() what comes, no more than
  /// it has room for. Throws Error if it cannot go on.
  virtual void produce(std::stop_token stop) = 0;

 private:
  std::string hear(std::stop_token stop) final;
};

}  // namespace earshot
