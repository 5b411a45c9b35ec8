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

#include "daemon/capture/SpscRing.h"

namespace earshot {

struct CaptureDevice {
  std::string name;
  std::string host_api;  ///< "ALSA", "JACK Audio Connection Kit", ...
  int channels = 0;
  int rate_hz = 0;  ///< its default
  bool is_default = false;
};

/// A device that is being recorded. Its callback, on a thread of PortAudio's, mixes and writes the ring. One
/// thread reads the ring; that thread calls everything else here, too.
class CaptureStream {
 public:
  virtual ~CaptureStream() = default;  ///< closes it
  virtual SpscRing& ring() noexcept = 0;
  virtual int rate_hz() const noexcept = 0;
  virtual const std::string& device() const noexcept = 0;
  /// NaN and infinite samples, taken as 0, since the last call.
  virtual std::uint64_t take_bad_samples() noexcept = 0;
  /// Whether the device still delivers: its last callback is not long ago.
  virtual bool is_alive() const noexcept = 0;
};

/// PortAudio lists devices once, when it is initialised; terminating it closes every stream, and each round
/// leaks a little. So it is initialised again only while no stream is open, and only if a process of its own,
/// killed if a driver hangs it, sees the missing device. While a stream is open, a microphone that is missing
/// asks for that only if the machine's sound cards changed since. Any thread. Initialising may take seconds,
/// and happens at the first call.
class PortAudio {
 public:
  /// `lister` is a program that understands --list-devices, as earshotd does.
  explicit PortAudio(std::filesystem::path lister = "/proc/self/exe");
  ~PortAudio();
  PortAudio(const PortAudio&) = delete;
  PortAudio& operator=(const PortAudio&) = delete;

  /// The devices that can record. Throws Error(unavailable) if PortAudio itself fails.
  std::vector<CaptureDevice> devices();

  /// Opens and starts `device`: "default", or the first whose name contains it, at its default rate or
  /// another one it takes. `channel` from 1, or nothing for the mean of the first two. Throws
  /// Error(unavailable) naming the device and those there are. A stop cuts short what it waits for.
  std::unique_ptr<CaptureStream> open(const std::string& device, std::optional<int> channel,
                                      const std::stop_token& stop = {});

  /// Streams should be closed for a moment and opened again: a missing microphone hopes to find its device.
  bool wants_streams_closed() const noexcept { return wants_streams_closed_.load(std::memory_order_relaxed); }

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
