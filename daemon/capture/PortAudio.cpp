#include "daemon/capture/PortAudio.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <portaudio.h>

#include "daemon/capture/AlsaServers.h"
#include "daemon/capture/CaptureIntake.h"
#include "daemon/capture/CardHardware.h"
#include "daemon/capture/JackGuard.h"
#include "daemon/capture/NamedPulseSource.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr int kMaxMixedChannels = 2;  // virtual devices offer dozens, all copies of these
constexpr std::array kFallbackRatesHz{48'000, 44'100, 32'000, 16'000, 8'000};
constexpr std::string_view kPulse = "pulse";  // ALSA's plugin, as alsa-plugins configures it

void check(PaError code, const std::string& doing) {
  if (code >= 0) return;
  const std::string reason =
      code == paUnanticipatedHostError ? Pa_GetLastHostErrorInfo()->errorText : Pa_GetErrorText(code);
  throw Error(ExitCode::unavailable, doing + ": " + printable(reason) + denied_devices());
}

double pick_rate(const PaStreamParameters& parameters, double default_rate_hz) {
  if (Pa_IsFormatSupported(&parameters, nullptr, default_rate_hz) == paFormatIsSupported)
    return default_rate_hz;
  for (const int rate_hz : kFallbackRatesHz) {
    if (Pa_IsFormatSupported(&parameters, nullptr, rate_hz) == paFormatIsSupported) return rate_hz;
  }
  return default_rate_hz;  // opening it will say what is wrong
}

// Of those that record.
PaDeviceIndex index_of(std::size_t place) {
  for (PaDeviceIndex index = 0; index < Pa_GetDeviceCount(); ++index) {
    if (Pa_GetDeviceInfo(index)->maxInputChannels > 0 && place-- == 0) return index;
  }
  return paNoDevice;
}

class Stream final : public PortAudio::Recording {
 public:
  Stream(PaDeviceIndex index, std::string device, std::string hardware, std::optional<int> channel,
         CaptureMemory& memory)
      : device_(std::move(device)), hardware_(std::move(hardware)) {
    const PaDeviceInfo& info = *Pa_GetDeviceInfo(index);
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
    intake_.emplace(memory, static_cast<int>(rate), static_cast<std::size_t>(channels), channel);
    const std::string doing =
        "device \"" + device_ + "\": cannot record at " + std::to_string(rate_hz()) + " Hz";
    check(Pa_OpenStream(&stream_, &parameters, nullptr, rate, paFramesPerBufferUnspecified, paClipOff,
                        &Stream::callback, &*intake_),
          doing);
    intake_->restart_clock(BootClock::now());  // opening may have taken long
    const PaError started = Pa_StartStream(stream_);
    if (started != paNoError) Pa_CloseStream(stream_);
    check(started, doing);
  }

  ~Stream() override {
    Pa_AbortStream(stream_);
    Pa_CloseStream(stream_);
  }

  int rate_hz() const noexcept override { return intake_->rate_hz(); }
  const std::string& device() const noexcept override { return device_; }
  const std::string& hardware() const noexcept override { return hardware_; }
  bool is_active() const noexcept override { return Pa_IsStreamActive(stream_) == 1; }

 private:
  // real-time: on a thread of PortAudio's.
  static int callback(const void* input, void*, unsigned long frames, const PaStreamCallbackTimeInfo*,
                      PaStreamCallbackFlags flags, void* intake) noexcept {
    static_cast<CaptureIntake*>(intake)->take(static_cast<const float*>(input), input ? frames : 0,
                                              (flags & paInputOverflow) != 0, BootClock::now());
    return paContinue;
  }

  PaStream* stream_ = nullptr;
  std::string device_;
  std::string hardware_;
  std::optional<CaptureIntake> intake_;
};

}  // namespace

PortAudio::PortAudio() {
  guard_jack();
  check(Pa_Initialize(), "PortAudio");
}

PortAudio::PortAudio(std::string_view wanted) : not_asked_(keep_alsa_servers_of(wanted)) {
  guard_jack();
  check(Pa_Initialize(), "PortAudio");
}

PortAudio::~PortAudio() {
  Pa_Terminate();
}

std::vector<CaptureDevice> PortAudio::devices() const {
  std::vector<CaptureDevice> devices;
  for (PaDeviceIndex index = 0; index < Pa_GetDeviceCount(); ++index) {
    const PaDeviceInfo& info = *Pa_GetDeviceInfo(index);
    if (info.maxInputChannels == 0) continue;
    devices.push_back({.name = info.name,
                       .host_api = Pa_GetHostApiInfo(info.hostApi)->name,
                       .channels = info.maxInputChannels,
                       .rate_hz = static_cast<int>(info.defaultSampleRate),
                       .is_default = index == Pa_GetDefaultInputDevice(),
                       .hardware = card_hardware(info.name)});
  }
  return devices;
}

std::unique_ptr<PortAudio::Recording> PortAudio::record(const CaptureWish& wish, CaptureMemory& memory) {
  std::vector<CaptureDevice> present = devices();
  if (const auto place = choose_device(present, wish.device, wish.hardware)) {
    return std::make_unique<Stream>(index_of(*place), printable(present[*place].name), present[*place].hardware,
                                    wish.channel, memory);
  }
  const Error nothing(ExitCode::unavailable, "found no device that matches \"" + printable(wish.device) +
                                                 "\", expected one of those there are: " +
                                                 device_names(present, not_asked_) + denied_devices());
  if (wish.device == "default") throw nothing;
  // PulseAudio and PipeWire have names of their own for what they offer; ALSA's plugin takes one from the environment.
  Pa_Terminate();
  keep_alsa_pulse();
  check(Pa_Initialize(), "PortAudio");
  present = devices();
  const auto pulse = std::find_if(present.begin(), present.end(),
                                  [](const CaptureDevice& device) { return device.name == kPulse; });
  if (pulse == present.end()) throw nothing;
  name_pulse_source(wish.device);
  try {
    return std::make_unique<Stream>(index_of(static_cast<std::size_t>(pulse - present.begin())),
                                    printable(wish.device), "", wish.channel, memory);
  } catch (const Error&) {  // no such name there either
    throw nothing;
  }
}

}  // namespace earshot
