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
#include "train/outliers/Telephone.h"
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
  std::string_view variant;
  std::string voice;  ///< "de+f3"
  int words_per_minute;
  int pitch;         ///< 0 .. 99
  int word_gap = 0;  ///< between words, in 10 ms at the usual speed

  Speaker(const VoiceLine& line, KeyedRandom& random)
      : variant(kVoices[random.below(kVoices.size())]),
        voice(fmt::format("{}+{}", line.language, variant)),
        words_per_minute(130 + static_cast<int>(random.below(81))),
        pitch(25 + static_cast<int>(random.below(51))) {}
};

/// What is said, and how it comes to be heard.
struct Manner {
  const char* name;
  bool numbers;    ///< one after another with pauses, instead of the line
  bool telephone;  ///< through the band of one
};
constexpr std::array kManners{Manner{"line", false, false}, Manner{"numbers", true, false},
                              Manner{"line-telephone", false, true}, Manner{"numbers-telephone", true, true}};

/// Each language has its own words for them.
std::string numbers(KeyedRandom& random) {
  std::string text;
  const auto count = 4 + random.below(5);
  for (std::uint32_t i = 0; i < count; ++i)
    text += fmt::format("{}{}", i > 0 ? " " : "", random.below(i % 3 == 2 ? 100 : 10));
  return text;
}

void speak(const fs::path& program, const Speaker& speaker, const std::string& text, const fs::path& to) {
  const int code = run_to_end({program.string(), "-b", "1", "-v", speaker.voice, "-s",
                               std::to_string(speaker.words_per_minute), "-p", std::to_string(speaker.pitch),
                               "-g", std::to_string(speaker.word_gap), "-w", to.string(), text});
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
    ++index;
    for (const Manner& manner : kManners) {
      KeyedRandom random(derive_key(family_key(request.seed, manner.name), index));
      Speaker speaker(line, random);
      const std::string text = manner.numbers ? numbers(random) : line.text;
      if (manner.numbers) speaker.word_gap = 5 + static_cast<int>(random.below(40));
      speak(program, speaker, text, scratch.file());
      Outlier outlier{
          .name = fmt::format("{}-{}-{:02}", line.language, manner.name, index),
          .labels = {"Speech", "Speech synthesizer"},
          .source = fmt::format("Debian package espeak-ng, voice {}, {} words a minute, pitch {}{}: {}",
                                speaker.voice, speaker.words_per_minute, speaker.pitch,
                                manner.telephone ? ", by telephone" : "", text),
          .licence = "GPL-3+ (espeak-ng), Apache-2.0 (the text)",
          .samples = repeated(load_clip(scratch.file(), kOutlierHz).samples, random.uniform(0.2, 0.8)),
          .peak_dbfs = draw(random, kOutlierPeaksDbfs)};
      if (manner.telephone) filter_as_telephone(outlier.samples);
      if (speaker.variant.starts_with("whisper")) outlier.labels.emplace_back("Whispering");
      request.made(outlier);
    }
  }
}

}  // namespace earshot
