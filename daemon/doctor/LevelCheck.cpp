#include "daemon/doctor/LevelCheck.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/CaptureStream.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/capture/SharedMemory.h"
#include "dsp/audio/Level.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr double kDigitalSilenceDbfs = -119.9;
constexpr double kVeryQuietDbfs = -85.0;  // the noise of a 16-bit converter is at about -90
constexpr double kLoudestDbfs = -1.0;     // a sine at full scale has -3
constexpr float kFullScale = 0.999F;
constexpr auto kRecorded = 2s;

const SourceSettings* settings_named(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.sources, name, &SourceSettings::name);
  return found == config.sources.end() ? nullptr : &*found;
}

double gate_of(const Config& config, const std::string& name) {
  const SourceSettings* source = settings_named(config, name);
  return source ? source->level_dbfs.value_or(config.gate_level_dbfs) : config.gate_level_dbfs;
}

Finding up_finding(const HeardSource& source, double gate_dbfs) {
  const bool silent = source.level_dbfs <= kDigitalSilenceDbfs;
  if (silent && source.lag_s == 0.0) return found_ok(source.name + ": up, no window yet");
  if (silent && source.kind != "microphone")
    return found_doubtful(source.name + ": up, digital silence",
                          "see whether it is muted where it comes from");
  return level_finding(source.name, source.level_dbfs, gate_dbfs, false);
}

Finding recorded_finding(const SourceSettings& source, double gate_dbfs) {
  const CaptureWish wish{
      .device = std::get<MicrophoneSettings>(source.kind).device, .channel = source.channel, .hardware = {}};
  SharedMemory memory;
  PortAudio port_audio(wish.device);
  const auto recording = port_audio.record(wish, *memory);
  SpscRing ring(memory->indices, memory->cells);
  std::vector<float> samples;
  std::vector<float> piece(4096);
  for (const auto until = std::chrono::steady_clock::now() + kRecorded;
       std::chrono::steady_clock::now() < until;) {
    const SpscRing::Piece got = ring.pop(piece);
    samples.insert(samples.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got.samples));
    if (got.samples == 0) std::this_thread::sleep_for(10ms);
  }
  if (samples.empty()) {
    return found_wrong(
        fmt::format("{}: \"{}\" opened, and delivered nothing in 2 s", source.name, recording->device()),
        "see cards and server above; unplug the device and plug it in again");
  }
  return level_finding(source.name, level_dbfs(samples, recording->rate_hz()), gate_dbfs,
                       is_clipped(samples));
}

// There is no daemon to be disturbed.
Findings record_first(const std::vector<const SourceSettings*>& microphones, const Config& config) {
  const SourceSettings& source = *microphones.front();
  try {
    return {recorded_finding(source, gate_of(config, source.name))};
  } catch (const Error& error) {
    return {found_wrong(source.name + ": " + error.what(), "see user, cards, server and devices above")};
  }
}

}  // namespace

bool is_clipped(std::span<const float> samples) noexcept {
  const auto full =
      std::ranges::count_if(samples, [](float sample) { return std::abs(sample) >= kFullScale; });
  return full > 0 && static_cast<std::size_t>(full) >= samples.size() / 1000;
}

Finding level_finding(const std::string& source, double level, double gate_dbfs, bool clips) {
  const std::string text = fmt::format("{}: {:.1f} dBFS", source, level);
  if (level <= kDigitalSilenceDbfs) {
    return found_wrong(
        text + ", digital silence",
        "it is muted or the wrong device: alsamixer (F4, Capture), pactl list sources, a switch at the "
        "microphone; earshot devices shows the others");
  }
  if (clips || level > kLoudestDbfs)
    return found_doubtful(text + ", it clips", "turn its gain down: alsamixer (F4), pactl set-source-volume");
  if (level < kVeryQuietDbfs) {
    return found_doubtful(text + ", hardly more than a converter's own noise",
                          "turn its gain up, see that something is plugged in; or it is just quiet");
  }
  if (level < gate_dbfs)
    return found_ok(
        fmt::format("{}, below the gate of {:.0f}: quiet enough not to be classified", text, gate_dbfs));
  return found_ok(text);
}

Findings heard_findings(const DaemonWord& word, const Config& config) {
  Findings findings;
  for (const HeardSource& source : word.sources) {
    if (source.state == "up" && !std::isnan(source.level_dbfs)) {
      findings.push_back(up_finding(source, gate_of(config, source.name)));
      continue;
    }
    const std::string text =
        source.name + ": " + source.state + (source.detail.empty() ? "" : ", " + source.detail);
    const SourceSettings* settings = settings_named(config, source.name);
    if (source.state == "down" || source.state == "stalled") {
      const bool waits = settings && std::holds_alternative<TcpSettings>(settings->kind);
      findings.push_back(
          waits ? found_doubtful(text, "have the sender connect and send; see ports and network")
                : found_wrong(text, "see what it says; devices, files and network are below and above"));
    } else {
      findings.push_back(found_ok(text));
    }
  }
  return findings;
}

Findings check_level(const Patient& patient) {
  if (patient.word.heartbeat) return heard_findings(patient.word, *patient.config);
  if (patient.word.greeted)
    return {found_wrong("earshotd said hello and then no heartbeat in 6 s",
                        "restart it, and report it with --bundle")};
  const auto microphones = patient.microphones();
  // One that listens elsewhere is not disturbed: what it holds does not open twice, or is shared.
  const bool may_be_ours = patient.word.connected || patient.word.address.empty();
  if (may_be_ours && !patient.daemons.empty()) {
    return {found_doubtful(std::string("not looked at: an earshotd runs that ") +
                               (patient.word.unasked ? "cannot be asked" : "did not answer") +
                               ", and may hold the device",
                           "see ports and unit below")};
  }
  if (microphones.empty()) return {found_ok("no daemon runs, and no microphone is configured")};
  return record_first(microphones, *patient.config);
}

}  // namespace earshot
