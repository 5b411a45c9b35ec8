#include "daemon/capture/PortAudio.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <utility>

#include <portaudio.h>

#include "daemon/capture/CaptureIntake.h"
#include "daemon/capture/DeviceLister.h"
#include "daemon/capture/JackGuard.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxMixedChannels = 2;  // virtual devices offer dozens, all copies of these
constexpr std::chrono::seconds kAllClose{1};
constexpr std::array kFallbackRatesHz{48'000, 44'100, 32'000, 16'000, 8'000};

void check(PaError code, const std::string& doing) {
  if (code >= 0) return;
  const std::string reason =
      code == paUnanticipatedHostError ? Pa_GetLastHostErrorInfo()->errorText : Pa_GetErrorText(code);
  throw Error(ExitCode::unavailable, doing + ": " + printable(reason) + denied_devices());
}

// ALSA unloads its plugins when PortAudio terminates, and what they and the libraries they bring have
// allocated is lost: 12 kB each time. So they stay.
void keep_alsa_plugins() {
  std::vector<std::string> plugins;
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* names) {
        if (std::strstr(object->dlpi_name, "libasound_module"))
          static_cast<std::vector<std::string>*>(names)->emplace_back(object->dlpi_name);
        return 0;
      },
      &plugins);
  for (const std::string& plugin : plugins) {
    void* handle = ::dlopen(plugin.c_str(), RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (handle) ::dlclose(handle);
  }
}

std::string sound_cards() {
  std::ifstream file("/proc/asound/cards");
  return {std::istreambuf_iterator<char>(file), {}};
}

PaDeviceIndex find_device(const std::string& wanted) {
  if (wanted == "default") return Pa_GetDefaultInputDevice();
  for (PaDeviceIndex index = 0; index < Pa_GetDeviceCount(); ++index) {
    const PaDeviceInfo* info = Pa_GetDeviceInfo(index);
    if (info->maxInputChannels > 0 && std::string_view(info->name).find(wanted) != std::string_view::npos)
      return index;
  }
  return paNoDevice;
}

double pick_rate(const PaStreamParameters& parameters, double default_rate_hz) {
  if (Pa_IsFormatSupported(&parameters, nullptr, default_rate_hz) == paFormatIsSupported)
    return default_rate_hz;
  for (const int rate_hz : kFallbackRatesHz) {
    if (Pa_IsFormatSupported(&parameters, nullptr, rate_hz) == paFormatIsSupported) return rate_hz;
  }
  return default_rate_hz;  // opening it will say what is wrong
}

}  // namespace

class PortAudio::Stream final : public CaptureStream {
 public:
  Stream(PortAudio& owner, PaDeviceIndex index, std::optional<int> channel) : owner_(owner) {
    const PaDeviceInfo& info = *Pa_GetDeviceInfo(index);
    device_ = printable(info.name);
    const int channels = channel.value_or(std::min(info.maxInputChannels, kMaxMixedChannels));
    if (channels > info.maxInputChannels) {
      throw Error(ExitCode::unavailable, "device \"" + device_ + "\": found " +
                                             std::to_string(info.maxInputChannels) +
                                             " channels, expected a channel " + std::to_string(channels));
    }
    const PaStreamParameters parameters{.device = index,
                                        .channelCount = channels,
                                        .sampleFormat = paFloat32,
                                        .suggestedLatency = info.defaultHighInputLatency,
                                        .hostApiSpecificStreamInfo = nullptr};
    const double rate = pick_rate(parameters, info.defaultSampleRate);
    intake_.emplace(static_cast<int>(rate), static_cast<std::size_t>(channels), channel);
    const std::string doing =
        "device \"" + device_ + "\": cannot record at " + std::to_string(rate_hz()) + " Hz";
    check(Pa_OpenStream(&stream_, &parameters, nullptr, rate, paFramesPerBufferUnspecified, paClipOff,
                        &Stream::callback, &*intake_),
          doing);
    intake_->restart_clock(Clock::now());  // opening may have taken long
    const PaError started = Pa_StartStream(stream_);
    if (started != paNoError) Pa_CloseStream(stream_);
    check(started, doing);
    ++owner_.open_streams_;
    owner_.opened_since_refresh_ = true;
  }

  ~Stream() override {
    const std::lock_guard lock(owner_.mutex_);
    Pa_AbortStream(stream_);
    Pa_CloseStream(stream_);
    owner_.stream_closed();
  }

  SpscRing& ring() noexcept override { return intake_->ring(); }
  int rate_hz() const noexcept override { return intake_->rate_hz(); }
  const std::string& device() const noexcept override { return device_; }
  std::uint64_t take_bad_samples() noexcept override { return intake_->take_bad_samples(); }
  bool is_alive() const noexcept override {
    return Pa_IsStreamActive(stream_) == 1 && intake_->is_fed(Clock::now());
  }

 private:
  // real-time: on a thread of PortAudio's.
  static int callback(const void* input, void*, unsigned long frames, const PaStreamCallbackTimeInfo*,
                      PaStreamCallbackFlags flags, void* intake) noexcept {
    static_cast<CaptureIntake*>(intake)->take(static_cast<const float*>(input), input ? frames : 0,
                                              (flags & paInputOverflow) != 0, Clock::now());
    return paContinue;
  }

  PortAudio& owner_;
  PaStream* stream_ = nullptr;
  std::string device_;
  std::optional<CaptureIntake> intake_;
};

PortAudio::PortAudio(std::filesystem::path lister) : lister_(std::move(lister)) {
  guard_jack();
}

PortAudio::~PortAudio() {
  terminate();
}

std::vector<CaptureDevice> PortAudio::devices() {
  const std::lock_guard lock(mutex_);
  if (open_streams_ == 0) refresh();
  return list();
}

std::unique_ptr<CaptureStream> PortAudio::open(const std::string& device, std::optional<int> channel,
                                               const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool all_closed =
      wants_streams_closed_ && closed_.wait_for(lock, kAllClose, [&] { return open_streams_ == 0; });
  if (all_closed) refresh();
  initialise();
  std::exception_ptr failure;
  try {
    return open_listed(device, channel);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (open_streams_ > 0) {
    if (sound_cards() != cards_) wants_streams_closed_ = true;
    std::rethrow_exception(failure);
  }
  lock.unlock();  // a driver that hangs the lister hinders no other microphone
  const std::optional<std::string> listing = list_devices_afresh(lister_, stop);
  lock.lock();
  if (open_streams_ > 0 || !may_have_come(device, listing)) std::rethrow_exception(failure);
  refresh();
  return open_listed(device, channel);
}

// A device that is listed and yet does not open, ever, is not worth a refresh each time.
bool PortAudio::may_have_come(const std::string& device, const std::optional<std::string>& listing) {
  if (!listing) return true;  // nothing better is known
  if (!lists_device(*listing, device)) return false;
  const bool changed = std::exchange(listing_, *listing) != *listing;
  return changed || opened_since_refresh_ || find_device(device) == paNoDevice;
}

void PortAudio::initialise() {
  if (initialised_) return;
  cards_ = sound_cards();
  const PaError code = Pa_Initialize();
  keep_alsa_plugins();
  check(code, "PortAudio");
  initialised_ = true;
}

void PortAudio::terminate() noexcept {
  if (std::exchange(initialised_, false)) Pa_Terminate();
}

void PortAudio::refresh() {
  terminate();
  wants_streams_closed_ = false;
  opened_since_refresh_ = false;
  initialise();
}

std::vector<CaptureDevice> PortAudio::list() const {
  std::vector<CaptureDevice> devices;
  for (PaDeviceIndex index = 0; index < Pa_GetDeviceCount(); ++index) {
    const PaDeviceInfo& info = *Pa_GetDeviceInfo(index);
    if (info.maxInputChannels == 0) continue;
    devices.push_back({.name = info.name,
                       .host_api = Pa_GetHostApiInfo(info.hostApi)->name,
                       .channels = info.maxInputChannels,
                       .rate_hz = static_cast<int>(info.defaultSampleRate),
                       .is_default = index == Pa_GetDefaultInputDevice()});
  }
  return devices;
}

std::unique_ptr<CaptureStream> PortAudio::open_listed(const std::string& device, std::optional<int> channel) {
  const PaDeviceIndex index = find_device(device);
  if (index == paNoDevice) {
    throw Error(ExitCode::unavailable, "found no device that matches \"" + printable(device) +
                                           "\", expected one of those there are: " + device_names(list()) + denied_devices());
  }
  return std::make_unique<Stream>(*this, index, channel);
}

void PortAudio::stream_closed() noexcept {
  if (--open_streams_ == 0) closed_.notify_all();
}

}  // namespace earshot
