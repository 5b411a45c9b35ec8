// CaptureStream, CaptureOpener: a device that is being recorded, and what opens one; tests bring their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/capture/SpscRing.h"
#include "daemon/hearing/BootClock.h"

namespace earshot {

/// Which device a microphone wants.
struct CaptureWish {
  std::string device = "default";  ///< or part of its name, or its name in PulseAudio
  std::optional<int> channel;      ///< from 1; nothing: the mean of the first two
  std::string hardware;            ///< of the device that it had before: that one again, whatever its number is now
};

/// A device that is being opened, then recorded. All calls by the thread that opened it; none waits for a driver.
class CaptureStream {
 public:
  enum class Stage { opening, recording, failed };

  virtual ~CaptureStream() = default;
  /// How far it is; the rest is asked once it records, and failure() once it has failed.
  virtual Stage look() noexcept = 0;
  virtual const std::string& failure() const noexcept = 0;
  virtual SpscRing& ring() noexcept = 0;
  virtual int rate_hz() const noexcept = 0;
  virtual const std::string& device() const noexcept = 0;
  /// For the next CaptureWish; may be empty.
  virtual const std::string& hardware() const noexcept = 0;
  /// NaN and infinite samples, taken as 0, since the last call.
  virtual std::uint64_t take_bad_samples() noexcept = 0;
  /// When it delivered last; at first, when it began.
  virtual BootClock::time_point last_delivery() const noexcept = 0;
};

/// The way to devices. Any thread.
class CaptureOpener {
 public:
  virtual ~CaptureOpener() = default;
  /// Begins to open a device, at its default rate or another one it takes. Throws Error(unavailable) if not even that
  /// is possible.
  virtual std::unique_ptr<CaptureStream> open(const CaptureWish& wish) = 0;
};

}  // namespace earshot
