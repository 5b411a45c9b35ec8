// PortAudio: the one door to audio devices. A process lists them once, when it makes one of these.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/capture/CaptureMemory.h"
#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/DeviceList.h"

namespace earshot {

/// Every call may take as long as a driver likes, or for ever: earshotd makes it in processes of its own only
/// (CaptureProcess).
class PortAudio {
 public:
  /// Of all devices. Throws Error(unavailable) if PortAudio itself fails.
  PortAudio();
  /// Of those that one which is called `wanted` may be: no sound server is asked that it has nothing to do
  /// with.
  explicit PortAudio(std::string_view wanted);
  ~PortAudio();
  PortAudio(const PortAudio&) = delete;
  PortAudio& operator=(const PortAudio&) = delete;

  /// Those that can record.
  std::vector<CaptureDevice> devices() const;

  /// A device that is being recorded into a memory, by a thread of PortAudio's, until it is destroyed.
  class Recording;
  /// Opens and starts it. `memory` outlives the result. Throws Error(unavailable) naming the device and those there are.
  std::unique_ptr<Recording> record(const CaptureWish& wish, CaptureMemory& memory);

 private:
  std::vector<std::string> not_asked_;  // names
};

class PortAudio::Recording {
 public:
  virtual ~Recording() = default;
  virtual int rate_hz() const noexcept = 0;
  virtual const std::string& device() const noexcept = 0;
  virtual const std::string& hardware() const noexcept = 0;
  /// Whether PortAudio still calls back, as far as it knows.
  virtual bool is_active() const noexcept = 0;
};

}  // namespace earshot
