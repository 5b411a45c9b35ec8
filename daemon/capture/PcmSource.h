// PcmSource: what all sources of raw PCM share: somebody reads, and notes when sound came; its thread hears.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "daemon/capture/PcmDecoder.h"
#include "daemon/capture/PcmQueue.h"
#include "daemon/capture/PcmSuspicion.h"
#include "daemon/capture/Source.h"
#include "daemon/hearing/LiveFeed.h"

namespace earshot {

class PcmSource : public Source {
 protected:
  /// `idle`: after so long without a byte a sender is "stalled". Throws as Source's constructor.
  PcmSource(const SourceSettings& settings, const PcmSettings& pcm, Pace pace, std::chrono::milliseconds idle,
            const SourceContext& context);

  /// What it waits for at first, for people.
  virtual std::string waits_for() const = 0;
  /// What somebody else reads goes in here.
  PcmQueue& arrivals() noexcept { return arrivals_; }

  std::string hear(std::stop_token stop) override;

 private:
  std::optional<std::string> take(PcmArrival arrival);
  void hear_bytes(std::span<const std::byte> bytes, BootClock::time_point arrived);
  void look_for_silence(BootClock::time_point now);
  void end_stream();

  PcmSettings pcm_;  // of the sender that is there
  std::optional<int> channel_;
  Pace pace_;
  std::chrono::milliseconds idle_;
  PcmQueue arrivals_;
  LiveFeed feed_;
  PcmDecoder decoder_;
  PcmSuspicion suspicion_;
  std::string sender_;           // of the stream
  bool there_ = false;           // it is
  bool opened_ = false;          // its first bytes have come
  bool stalled_ = false;         // and the stream says so
  bool down_ = false;            // the stream says so
  BootClock::time_point heard_;  // its last ones
  BootClock::time_point looked_;
};

}  // namespace earshot
