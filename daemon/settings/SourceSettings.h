// SourceSettings: what a [[source]] says.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/net/Address.h"
#include "daemon/settings/Listeners.h"
#include "daemon/settings/TlsSettings.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"

namespace earshot {

inline constexpr double kSilenceDbfs = -120.0;  ///< the lowest level of a gate

enum class SampleFormat { s16le, s24le, s32le, f32le };

inline constexpr int kMostChannels = 64;

/// Raw PCM, interleaved.
struct PcmSettings {
  SampleFormat format = SampleFormat::s16le;
  int rate_hz = 16000;
  int channels = 1;
  bool operator==(const PcmSettings&) const = default;
};

/// Of a source that comes by itself, "realtime": what comes too late, or too early to be live, is skipped or
/// dropped, and declared; of a file: it is played. "fast": as fast as it is classified, nothing is dropped.
enum class Pace { realtime, fast };

/// Raw PCM from one sender at a time; or from many, each a source of its own named by itself.
struct TcpSettings {
  Endpoint listen;
  std::vector<IpNetwork> allow;  ///< senders let in from other machines
  PcmSettings pcm;
  Pace pace = Pace::realtime;
  std::chrono::milliseconds idle{10'000};     ///< without a byte: then a connected sender is stalled ...
  std::chrono::milliseconds closing{60'000};  ///< ... and then it is closed
  bool takeover = false;  ///< a new sender replaces the one there, of many the one of its name
  std::optional<std::size_t> max_senders;  ///< of many: so many sources at most
  std::optional<TlsSettings> tls;          ///< what senders speak, and the token that they say first

  /// Who may send from other machines: with TLS everybody, where `allow` says nothing.
  std::vector<IpNetwork> admitted() const { return admitted_by(allow, tls.has_value()); }
  bool operator==(const TcpSettings&) const = default;
};

/// Raw PCM until the end of standard input.
struct StdinSettings {
  PcmSettings pcm;
  Pace pace = Pace::realtime;
  bool operator==(const StdinSettings&) const = default;
};

struct MicrophoneSettings {
  std::string device = "default";  ///< or part of a device's name
  bool operator==(const MicrophoneSettings&) const = default;
};

enum class AtEnd { stop, loop };

struct FileSettings {
  std::filesystem::path path;
  Pace pace = Pace::realtime;
  AtEnd at_end = AtEnd::stop;
  bool operator==(const FileSettings&) const = default;
};

/// Raw PCM on the standard output of a program that is started again whenever it ends.
struct CommandSettings {
  std::vector<std::string> argv;  ///< the program, sought in PATH unless it has a slash, and its arguments
  PcmSettings pcm;
  Pace pace = Pace::realtime;
  std::chrono::milliseconds idle{10'000};      ///< without a byte: then it is stalled ...
  std::chrono::milliseconds patience{60'000};  ///< ... and after so long of that killed
  bool operator==(const CommandSettings&) const = default;
};

struct SourceSettings {
  std::string name;
  std::string id;              ///< what others know it by; stays when the name changes
  std::optional<int> channel;  ///< 1, 2, ...; nothing: the mean of all, of a microphone's first two
  double gain_db = 0.0;
  std::optional<double> level_dbfs;  ///< this source's own gate
  std::variant<MicrophoneSettings, TcpSettings, StdinSettings, FileSettings, CommandSettings> kind;
  bool operator==(const SourceSettings&) const = default;
};

/// Whether both name the same sound, from the same place: whatever their gain and gate.
bool are_the_same_sound(const SourceSettings& a, const SourceSettings& b);
/// "microphone", "tcp", "stdin", "file" or "command".
std::string_view kind_name(const SourceSettings& source) noexcept;
/// Whether it is no source itself but lets in senders that are.
bool is_for_many(const SourceSettings& source) noexcept;
/// Lower case; what is no letter or digit is '_': "Front door" is "front_door". As topics and entities have
/// it.
std::string slug(std::string_view text);
/// Nothing for another name.
std::optional<SampleFormat> sample_format(std::string_view name) noexcept;
std::string_view to_string(SampleFormat format) noexcept;

/// All of a file's, at least one; `tls` is that of its [publish.tls]. Throws Error(config).
std::vector<SourceSettings> read_sources(StrictToml& root, const std::optional<TlsSettings>& tls,
                                         Listeners& listeners);
void write_source(TomlText& text, const SourceSettings& source);

}  // namespace earshot
