// PcmReader: a source of raw PCM that a thread of its own reads from.
#pragma once

#include <chrono>
#include <string>

#include "daemon/capture/PcmSource.h"

namespace earshot {

class PcmReader : public PcmSource {
 protected:
  /// As PcmSource.
  PcmReader(const SourceSettings& settings, const PcmSettings& pcm, Pace pace, std::chrono::milliseconds idle,
            const SourceContext& context);

  /// A thread of its own: reads until the end or a stop, and pushes into arrivals() what comes, no more than
  /// it has room for. Throws Error if it cannot go on.
  virtual void produce(std::stop_token stop) = 0;

  // That thread.

  /// Of its own, as often as it comes round and at least every 2 s.
  Pulse& reading() noexcept { return reading_; }
  /// Waits until arrivals() have room; false if a stop was requested before.
  bool await_room(const std::stop_token& stop);

 private:
  std::string hear(std::stop_token stop) final;

  Pulse reading_;
};

}  // namespace earshot
