// MicrophoneSource: a device of this machine, recorded; it may be absent and come back.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/Source.h"
#include "daemon/hearing/LiveFeed.h"

namespace earshot {

/// Sample 0 is the first one heard, or the start if there was no device then. While the device is away the
/// timeline goes on by the clock.
class MicrophoneSource final : public Source {
 public:
  MicrophoneSource(const SourceSettings& settings, const MicrophoneSettings& microphone,
                   const SourceContext& context);

 private:
  using Time = BootClock::time_point;

  std::string hear(std::stop_token stop) override;
  std::string listen(const std::stop_token& stop);
  std::string await_recording(CaptureStream& stream, const std::stop_token& stop);
  std::string record(CaptureStream& stream, const std::stop_token& stop);
  void drain(CaptureStream& stream, const std::stop_token& stop);
  void begin(const CaptureStream& stream, Time heard);
  void watch_for_zeros(std::span<const float> samples, const CaptureStream& stream, Time now);
  void go_up(const CaptureStream& stream);
  void go_down(const std::string& detail);

  CaptureWish wish_;
  CaptureOpener& opener_;
  LiveFeed feed_;
  std::vector<float> chunk_;
  SourceState state_ = SourceState::starting;
  bool recording_ = false;  // samples of the open stream have come
  bool was_down_ = false;   // before there was any sound, too
  std::string down_detail_;
  Time down_told_;
  Time looked_;  // when drain() last saw what waits
  std::optional<Time> zeros_from_;
  bool only_zeros_ = false;  // and the stream says so
  bool reopening_ = false;   // for that reason
  std::chrono::milliseconds zeros_patience_;
};

}  // namespace earshot
