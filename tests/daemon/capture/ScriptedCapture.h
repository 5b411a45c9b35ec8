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
  explicit ScriptedDevice(int rate_hz) : intake(*memory, rate_hz, 1, std::nullopt) {}

  /// As the callback does.
  void play(std::span<const float> samples, bool overflowed = false) {
    intake.take(samples.data(), samples.size(), overflowed, CaptureIntake::Clock::now());
  }
  /// Returns when the source has heard all of it, or after 20 s.
  void play_and_wait(std::span<const float> samples, bool overflowed = false) {
    play(samples, overflowed);
    await_heard();
  }
  void await_heard() {
    wait_until([this] { return memory->indices.popped == memory->indices.pushed; });
    const int looked = looks;
    wait_until([&] { return looks > looked; });
  }
  /// For so long, in real time and tenths of a second.
  void play_live(int tenths, float level) {
    const std::vector<float> tenth(static_cast<std::size_t>(intake.rate_hz()) / 10, level);
    auto due = std::chrono::steady_clock::now();
    for (int i = 0; i < tenths; ++i) {
      std::this_thread::sleep_until(due += std::chrono::milliseconds(100));
      play(tenth);
    }
  }

  template <typename Condition>
  static void wait_until(const Condition& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  const std::unique_ptr<CaptureMemory> memory = std::make_unique<CaptureMemory>();
  CaptureIntake intake;
  std::atomic<bool> answers{true};  ///< else it is being opened
  std::atomic<bool> alive{true};
  std::atomic<bool> closed{false};
  std::atomic<int> looks{0};  ///< of the source at how it is, each after it has heard what waited
  std::string hardware = "usb 1234:5678 at 1-1, 0";
};

class ScriptedOpener final : public CaptureOpener {
 public:
  static constexpr const char* kDevice = "Scripted: USB (hw:1,0)";

  /// The next opening finds this one; without any, opening fails.
  void plug(std::shared_ptr<ScriptedDevice> device) {
    const std::lock_guard lock(mutex_);
    device_ = std::move(device);
  }

  std::unique_ptr<CaptureStream> open(const CaptureWish& wish) override {
    ++openings;
    const std::lock_guard lock(mutex_);
    wishes_.push_back(wish);
    if (!device_) throw Error(ExitCode::unavailable, "found no device that matches \"" + wish.device + '"');
    return std::make_unique<Stream>(std::exchange(device_, nullptr));
  }
  std::vector<CaptureWish> wishes() const {
    const std::lock_guard lock(mutex_);
    return wishes_;
  }

  std::atomic<int> openings{0};

 private:
  class Stream final : public CaptureStream {
   public:
    explicit Stream(std::shared_ptr<ScriptedDevice> device)
        : device_(std::move(device)), ring_(device_->memory->indices, device_->memory->cells) {}
    ~Stream() override { device_->closed = true; }
    Stage look() noexcept override {
      ++device_->looks;
      if (!device_->answers) return Stage::opening;
      return device_->alive ? Stage::recording : Stage::failed;
    }
    const std::string& failure() const noexcept override { return failure_; }
    SpscRing& ring() noexcept override { return ring_; }
    int rate_hz() const noexcept override { return device_->intake.rate_hz(); }
    const std::string& device() const noexcept override { return name_; }
    const std::string& hardware() const noexcept override { return device_->hardware; }
    std::uint64_t take_bad_samples() noexcept override { return device_->memory->bad_samples.exchange(0); }
    BootClock::time_point last_delivery() const noexcept override {
      return BootClock::time_point(std::chrono::nanoseconds(device_->memory->last_taken_ns));
    }

   private:
    const std::shared_ptr<ScriptedDevice> device_;
    SpscRing ring_;
    const std::string name_ = kDevice;
    const std::string failure_ = std::string("device \"") + kDevice + "\" no longer delivers";
  };

  mutable std::mutex mutex_;
  std::shared_ptr<ScriptedDevice> device_;
  std::vector<CaptureWish> wishes_;
};

}  // namespace earshot::test
