// What a driver's thread calls when a microphone is recorded: no allocation, no lock, no system call. The
// callback and all behind it are ours; PortAudio is not: this program's own stands in its place, and only
// hands over what it is given.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <portaudio.h>
#include <catch2/catch.hpp>

#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/capture/SharedMemory.h"
#include "tests/support/RealTimeWatch.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

constexpr int kDriverRateHz = 48'000;
constexpr std::size_t kDriverChannels = 2;

// What was opened last.
PaStreamCallback* opened_callback = nullptr;
void* opened_user = nullptr;
PaDeviceInfo driver_device{.structVersion = 2,
                           .name = "a driver",
                           .hostApi = 0,
                           .maxInputChannels = kDriverChannels,
                           .maxOutputChannels = 0,
                           .defaultLowInputLatency = 0.01,
                           .defaultLowOutputLatency = 0.01,
                           .defaultHighInputLatency = 0.04,
                           .defaultHighOutputLatency = 0.04,
                           .defaultSampleRate = kDriverRateHz};
PaHostApiInfo driver_api{1, paALSA, "none", 1, 0, 0};

// A driver's thread: what it does itself is its own business, each call of `callback` is watched.
class DriverThread {
 public:
  explicit DriverThread(PaStreamCallback* callback) : callback_(callback) {}

  // Blocks of every size, numbers that are none, overflows, no input at all, and more than the ring holds.
  std::vector<RealTimeWatch::Seen> deliver() {
    std::jthread([this] {
      std::vector<float> input(kDriverChannels * CaptureMemory::kCells, 0.25F);
      for (std::size_t block = 0; block < 50; ++block) call(input.data(), 480, 0);
      call(input.data(), 1, paPrimingOutput);
      call(nullptr, 480, 0);
      call(input.data(), 0, 0);
      input[7] = std::numeric_limits<float>::quiet_NaN();
      call(input.data(), 1'001, paInputOverflow);
      call(nullptr, 0, paInputOverflow);
      call(input.data(), CaptureMemory::kCells, paInputUnderflow);
      call(input.data(), 480, paInputOverflow);
    }).join();
    return std::move(seen_);
  }

 private:
  void call(const float* input, unsigned long frames, PaStreamCallbackFlags flags) {
    seen_.emplace_back();
    RealTimeWatch watch;
    callback_(input, nullptr, frames, nullptr, flags, opened_user);
    seen_.back() = watch.end();
  }

  PaStreamCallback* callback_;
  std::vector<RealTimeWatch::Seen> seen_;
};

bool can_watch_callbacks() {
  if (!RealTimeWatch::is_possible()) {
    skip("this kernel tells no thread of its system calls (Linux 5.11 on x86-64 does)");
    return false;
  }
  RealTimeWatch watch;
  BootClock::now();
  if (!watch.end().system_call) return true;
  skip("this machine's clocks cannot be read without a system call");
  return false;
}

std::mutex mutants_mutex;
std::atomic<void*> mutants_memory{nullptr};

// The real callback, and then what it may not do.
template <auto Offend>
int mutant(const void* input, void* output, unsigned long frames, const PaStreamCallbackTimeInfo* time,
           PaStreamCallbackFlags flags, void* user) {
  const int result = opened_callback(input, output, frames, time, flags, user);
  Offend();
  return result;
}

}  // namespace

TEST_CASE(
    "the callback allocates nothing, takes no lock and makes no system call, whatever a driver brings") {
  if (!can_watch_callbacks()) return;
  SharedMemory memory;
  PortAudio port_audio;
  const auto channel = GENERATE(std::optional<int>(), std::optional<int>(2));
  const auto recording =
      port_audio.record({.device = "default", .channel = channel, .hardware = {}}, *memory);
  REQUIRE(recording->rate_hz() == kDriverRateHz);

  for (const RealTimeWatch::Seen& seen : DriverThread(opened_callback).deliver()) {
    CHECK(seen.allocations == 0);
    CHECK(seen.locks == 0);
    CHECK(seen.system_call.value_or(-1) == -1);
  }
  SpscRing ring(memory->indices, memory->cells);
  std::vector<float> out(CaptureMemory::kCells);
  CHECK(ring.pop(out).samples == 50 * 480 + 1);
  CHECK(ring.pop(out).hole > 0);
  CHECK(ring.pop(out).samples == 1'001);
  CHECK(ring.pop(out).hole > 0);
  CHECK(ring.pop(out).samples + 25'002 > CaptureMemory::kCells - 256);  // it is full
  CHECK(memory->bad_samples == 3);
}

TEST_CASE("a callback that allocates, frees, locks or enters the kernel is seen doing it") {
  if (!can_watch_callbacks()) return;
  SharedMemory memory;
  PortAudio port_audio;
  const auto recording = port_audio.record({}, *memory);
  using Seen = RealTimeWatch::Seen;
  const auto all = [](PaStreamCallback* callback, auto&& is_seen) {
    const std::vector<Seen> seen = DriverThread(callback).deliver();
    return !seen.empty() && std::all_of(seen.begin(), seen.end(), is_seen);
  };
  const auto allocates = [](const Seen& seen) { return seen.allocations > 0; };
  const auto locks = [](const Seen& seen) { return seen.locks > 0; };
  const auto enters = [](const Seen& seen) { return seen.system_call.has_value(); };

  CHECK(all(mutant<[] { delete new std::atomic<int>(1); }>, allocates));
  CHECK(all(mutant<[] { mutants_memory = std::realloc(mutants_memory, 100); }>, allocates));
  CHECK(all(mutant<[] { std::free(mutants_memory.exchange(nullptr)); }>, allocates));
  CHECK(all(mutant<[] { const std::lock_guard lock(mutants_mutex); }>, locks));
  CHECK(all(mutant<[] { std::condition_variable().notify_one(); }>, locks));
  CHECK(all(mutant<[] { [[maybe_unused]] const ssize_t written = ::write(-1, "x", 1); }>, enters));
  CHECK(all(mutant<[] { ::getppid(); }>, enters));
  CHECK(all(mutant<[] { std::this_thread::yield(); }>, enters));
  CHECK(all(mutant<[] { std::this_thread::sleep_for(std::chrono::nanoseconds(1)); }>, enters));
}

}  // namespace earshot::test

// PortAudio, as far as PortAudio.cpp asks it.
extern "C" {
PaError Pa_Initialize() {
  return paNoError;
}
PaError Pa_Terminate() {
  return paNoError;
}
PaDeviceIndex Pa_GetDeviceCount() {
  return 1;
}
PaDeviceIndex Pa_GetDefaultInputDevice() {
  return 0;
}
const PaDeviceInfo* Pa_GetDeviceInfo(PaDeviceIndex) {
  return &earshot::test::driver_device;
}
const PaHostApiInfo* Pa_GetHostApiInfo(PaHostApiIndex) {
  return &earshot::test::driver_api;
}
const PaHostErrorInfo* Pa_GetLastHostErrorInfo() {
  return nullptr;
}
const char* Pa_GetErrorText(PaError) {
  return "an error";
}
PaError Pa_IsFormatSupported(const PaStreamParameters*, const PaStreamParameters*, double) {
  return paFormatIsSupported;
}
PaError Pa_OpenStream(PaStream** stream, const PaStreamParameters*, const PaStreamParameters*, double,
                      unsigned long, PaStreamFlags, PaStreamCallback* callback, void* user) {
  *stream = &earshot::test::driver_device;
  earshot::test::opened_callback = callback;
  earshot::test::opened_user = user;
  return paNoError;
}
PaError Pa_StartStream(PaStream*) {
  return paNoError;
}
PaError Pa_AbortStream(PaStream*) {
  return paNoError;
}
PaError Pa_CloseStream(PaStream*) {
  return paNoError;
}
PaError Pa_IsStreamActive(PaStream*) {
  return 1;
}
}
