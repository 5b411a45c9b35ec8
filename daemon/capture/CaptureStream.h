// CaptureStream, CaptureOpener: a device that is being recorded, and what opens one; tests bring their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "daemon/capture/SpscRing.h"

namespace earshot {

/// A device that is being recorded: a thread of its own writes the ring. One thread reads the ring; that
/// thread calls everything else here, too.
class CaptureStream {
 public:
  virtual ~CaptureStream() = default;  ///< closes it; may take as long as the driver likes
  virtual SpscRing& ring() noexcept = 0;
  virtual int rate_hz() const noexcept = 0;
  virtual const std::string& device() const noexcept = 0;
  /// NaN and infinite samples, taken as 0, since the last call.
  virtual std::uint64_t take_bad_samples() noexcept = 0;
  /// Whether the device still delivers: its last callback is not long ago.
  virtual bool is_alive() const noexcept = 0;
};

/// The way to devices. Any thread.
class CaptureOpener {
 public:
  virtual ~CaptureOpener() = default;

  /// Opens and starts `device`: "default", or the first whose name contains it, at its default rate or
  /// another one it takes. `channel` from 1, or nothing for the mean of the first two. Throws
  /// Error(unavailable) naming the device and those there are. A stop cuts short what it waits for, but for
  /// the driver.
  virtual std::unique_ptr<CaptureStream> open(const std::string& device, std::optional<int> channel,
                                              const std::stop_token& stop) = 0;

  /// Streams should be closed for a moment and opened again: a missing microphone hopes to find its device.
  virtual bool wants_streams_closed() const noexcept = 0;
};

}  // namespace earshot
