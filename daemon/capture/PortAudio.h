// PortAudio: the one door of the process to audio devices; several microphones share it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/DeviceList.h"

namespace earshot {

/// PortAudio lists devices once, when it is initialised; terminating it closes every stream, and each round
/// leaks a little. So it is initialised again only while no stream is open, and only if a process of its own,
/// killed if a driver hangs it, sees the missing device. While a stream is open, a microphone that is missing
/// asks for that only if the machine's sound cards changed since. Any thread. Initialising may take seconds,
/// and happens at the first call.
class PortAudio final : public CaptureOpener {
 public:
  /// `lister` is a program that understands --list-devices, as earshotd does.
  explicit PortAudio(std::filesystem::path lister = "/proc/self/exe");
  ~PortAudio() override;
  PortAudio(const PortAudio&) = delete;
  PortAudio& operator=(const PortAudio&) = delete;

  /// The devices that can record. Throws Error(unavailable) if PortAudio itself fails.
  std::vector<CaptureDevice> devices();

  std::unique_ptr<CaptureStream> open(const std::string& device, std::optional<int> channel,
                                      const std::stop_token& stop) override;
  bool wants_streams_closed() const noexcept override {
    return wants_streams_closed_.load(std::memory_order_relaxed);
  }

 private:
  class Stream;

  void initialise();
  void terminate() noexcept;
  void refresh();
  bool may_have_come(const std::string& device, const std::optional<std::string>& listing);
  std::vector<CaptureDevice> list() const;
  std::unique_ptr<CaptureStream> open_listed(const std::string& device, std::optional<int> channel);
  void stream_closed() noexcept;

  const std::filesystem::path lister_;
  std::mutex mutex_;  // around every call of the library but those of a running stream
  bool initialised_ = false;
  int open_streams_ = 0;
  bool opened_since_refresh_ = false;              // a stream was: what PortAudio knows may be outdated
  std::string listing_;                            // of another process, at the last refresh it gave rise to
  std::string cards_;                              // the machine's sound cards when initialised
  std::condition_variable closed_;                 // the last stream was
  std::atomic<bool> wants_streams_closed_{false};  // written under the mutex; elsewhere a mere hint
};

}  // namespace earshot
