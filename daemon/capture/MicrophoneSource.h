// MicrophoneSource: a device of this machine, recorded; it may be absent and come back.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/Source.h"

namespace earshot {

/// Sample 0 is the first one heard, or the start if there was no device then. While the device is away the
/// timeline goes on by the clock.
class MicrophoneSource final : public Source {
 public:
  MicrophoneSource(const SourceSettings& settings, const MicrophoneSettings& microphone,
                   const SourceContext& context);

 private:
  std::string hear(std::stop_token stop) override;
  std::string listen(const std::stop_token& stop);
  std::string record(CaptureStream& stream, const std::stop_token& stop);
  void begin(const CaptureStream& stream, std::size_t samples);
  void drain(CaptureStream& stream, const std::stop_token& stop);
  void go_down(const std::string& detail);

  MicrophoneSettings settings_;
  std::optional<int> channel_;
  CaptureOpener& opener_;
  std::vector<float> chunk_;
  SourceState state_ = SourceState::starting;
  bool recording_ = false;  // samples of the open stream have come
  std::optional<std::chrono::steady_clock::time_point> last_heard_;
};

}  // namespace earshot
