// ScriptedCapture: a device that a test plays: it is the callback's thread, and the driver's moods.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "daemon/capture/CaptureIntake.h"
#include "daemon/capture/CaptureStream.h"
#include "dsp/base/Error.h"

namespace earshot::test {

/// One opening of the device, shared by the test and the stream that a source holds. It is mono.
struct ScriptedDevice {
  explicit ScriptedDevice(int rate_hz) : intake(rate_hz, 1, std::nullopt) {}

  /// As the callback does.
  void play(std::span<const float> samples, bool overflowed = false) {
    intake.take(samples.data(), samples.size(), overflowed, CaptureIntake::Clock::now());
  }
  /// Returns when the source has heard all of it, or after 20 s.
  void play_and_wait(std::span<const float> samples, bool overflowed = false) {
    play(samples, overflowed);
    wait_until([this] { return intake.ring().waiting() == 0; });
    const int looked = looks;
    wait_until([&] { return looks > looked; });
  }

  template <typename Condition>
  static void wait_until(const Condition& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  CaptureIntake intake;
  std::atomic<bool> alive{true};
  std::atomic<bool> closed{false};
  std::atomic<int> looks{0};  ///< of the source at whether it lives, each after it has heard what waited
};

class ScriptedOpener final : public CaptureOpener {
 public:
  static constexpr const char* kDevice = "Scripted: USB (hw:1,0)";

  /// The next opening finds this one; without any, opening fails.
  void plug(std::shared_ptr<ScriptedDevice> device) {
    const std::lock_guard lock(mutex_);
    device_ = std::move(device);
  }

  std::unique_ptr<CaptureStream> open(const std::string& device, std::optional<int>,
                                      const std::stop_token&) override {
    ++openings;
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    wants_closed = false;
    const std::lock_guard lock(mutex_);
    if (!device_) throw Error(ExitCode::unavailable, "found no device that matches \"" + device + '"');
    return std::make_unique<Stream>(std::exchange(device_, nullptr));
  }
  bool wants_streams_closed() const noexcept override { return wants_closed; }

  std::atomic<bool> hangs{false};  ///< as a driver does, deaf to stops
  std::atomic<bool> wants_closed{false};
  std::atomic<int> openings{0};

 private:
  class Stream final : public CaptureStream {
   public:
    explicit Stream(std::shared_ptr<ScriptedDevice> device) : device_(std::move(device)) {}
    ~Stream() override { device_->closed = true; }
    SpscRing& ring() noexcept override { return device_->intake.ring(); }
    int rate_hz() const noexcept override { return device_->intake.rate_hz(); }
    const std::string& device() const noexcept override { return name_; }
    std::uint64_t take_bad_samples() noexcept override { return device_->intake.take_bad_samples(); }
    bool is_alive() const noexcept override {
      ++device_->looks;
      return device_->alive;
    }

   private:
    const std::shared_ptr<ScriptedDevice> device_;
    const std::string name_ = kDevice;
  };

  std::mutex mutex_;
  std::shared_ptr<ScriptedDevice> device_;
};

}  // namespace earshot::test
