#include "train/outliers/Voices.h"

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <string_view>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "train/outliers/Excerpts.h"
#include "train/outliers/FamilyKey.h"
#include "train/outliers/RunToEnd.h"
#include "train/outliers/VoiceLines.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

/// Variants of any language's voice, as espeak-ng calls them.
constexpr std::array kVoices{"m1", "m2", "m3", "m4", "m5",    "m6",     "m7",     "m8",      "f1",
                             "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt3", "whisper", "whisperf"};

/// Where espeak-ng writes what it speaks; gone in the end.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (fs::temp_directory_path() / "earshot-voices-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(ExitCode::io, name + ": cannot be made: " + std::generic_category().message(errno));
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  fs::path file() const { return path_ / "voice.wav"; }

 private:
  fs::path path_;
};

struct Speaker {
  std::string voice;  ///< "de+f3"
  int words_per_minute;
  int pitch;  ///< 0 .. 99

  Speaker(const VoiceLine& line, std::string_view variant, KeyedRandom& random)
      : voice(fmt::format("{}+{}", line.language, variant)),
        words_per_minute(130 + static_cast<int>(random.below(81))),
        pitch(25 + static_cast<int>(random.below(51))) {}
};

void speak(const fs::path& program, const Speaker& speaker, const char* text, const fs::path& to) {
  const int code = run_to_end({program.string(), "-b", "1", "-v", speaker.voice, "-s",
                               std::to_string(speaker.words_per_minute), "-p", std::to_string(speaker.pitch),
                               "-w", to.string(), text});
  if (code != 0) {
    throw Error(ExitCode::unavailable, fmt::format("{}: found exit code {} for the voice {}, expected 0",
                                                   program.string(), code, speaker.voice));
  }
}

}  // namespace

void make_voices(const RecordedRequest& request) {
  const fs::path program = request.root / "usr/bin/espeak-ng";
  if (::access(program.c_str(), X_OK) != 0) {
    request.missing(
        fmt::format("voices: found no {}, expected Debian's espeak-ng; left out", program.string()));
    return;
  }
  const ScratchDirectory scratch;
  std::uint64_t index = 0;
  for (const VoiceLine& line : voice_lines()) {
    KeyedRandom random(derive_key(family_key(request.seed, "voices"), index++));
    const std::string_view variant = kVoices[random.below(kVoices.size())];
    const Speaker speaker(line, variant, random);
    speak(program, speaker, line.text, scratch.file());
    const Clip clip = load_clip(scratch.file(), kOutlierHz);
    Outlier outlier{
        .name = fmt::format("{}-{:02}", line.language, index),
        .labels = {"Speech", "Speech synthesizer"},
        .source = fmt::format("Debian package espeak-ng, voice {}, {} words a minute, pitch {}: {}",
                              speaker.voice, speaker.words_per_minute, speaker.pitch, line.text),
        .licence = "GPL-3+ (espeak-ng), Apache-2.0 (the text)",
        .samples = repeated(clip.samples, random.uniform(0.2, 0.8)),
        .peak_dbfs = draw(random, kOutlierPeaksDbfs)};
    if (variant.starts_with("whisper")) outlier.labels.emplace_back("Whispering");
    request.made(outlier);
  }
}

}  // namespace earshot
