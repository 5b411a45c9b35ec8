#include "train/outliers/PackagedSounds.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/audio/AudioFile.h"
#include "train/data/SoundFiles.h"
#include "train/outliers/Excerpts.h"
#include "train/outliers/FamilyKey.h"
#include "train/outliers/Telephone.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

struct SoundPackage {
  const char* name;     ///< Debian's
  const char* folder;   ///< where its sounds lie
  const char* licence;  ///< of these, as /usr/share/doc/NAME/copyright has it
};

constexpr std::array kMusic{SoundPackage{"fillets-ng-data", "usr/share/games/fillets-ng/music", "GPL-2"},
                            SoundPackage{"frozen-bubble-data", "usr/share/games/frozen-bubble/snd", "GPL-2"},
                            SoundPackage{"supertux-data", "usr/share/games/supertux2/music", "GPL-2+"}};

/// What the figures of a game say to each other, spoken by people.
constexpr std::array kSpeech{SoundPackage{"fillets-ng-data-cs", "usr/share/games/fillets-ng/sound", "GPL-2"},
                             SoundPackage{"fillets-ng-data-nl", "usr/share/games/fillets-ng/sound", "GPL-2"}};

constexpr SoundPackage kInstruments{"sonic-pi-samples", "usr/share/sonic-pi/samples", "CC0-1.0"};

/// Files of kInstruments that its copyright lists under CC0, by what their names say.
struct Instrument {
  std::vector<std::string> labels;
  std::vector<const char*> files;
};

const std::vector<Instrument>& instruments() {
  static const std::vector<Instrument> kAll{
      {{"Bass drum", "Drum"},
       {"bd_808", "bd_ada", "bd_boom", "bd_fat", "bd_gas", "bd_haus", "bd_klub", "bd_pure", "bd_sone",
        "bd_tek", "bd_zome", "bd_zum", "drum_bass_hard", "drum_bass_soft", "drum_heavy_kick",
        "elec_hollow_kick", "elec_soft_kick"}},
      {{"Snare drum", "Drum"},
       {"drum_snare_hard", "drum_snare_soft", "elec_filt_snare", "elec_hi_snare", "elec_lo_snare",
        "elec_mid_snare", "elec_snare", "sn_dolf", "sn_dub", "sn_zome"}},
      {{"Drum"},
       {"drum_tom_hi_hard", "drum_tom_hi_soft", "drum_tom_lo_hard", "drum_tom_lo_soft", "drum_tom_mid_hard",
        "drum_tom_mid_soft", "elec_fuzz_tom"}},
      {{"Drum roll", "Drum"}, {"drum_roll"}},
      {{"Cymbal", "Percussion"},
       {"drum_cymbal_closed", "drum_cymbal_hard", "drum_cymbal_open", "drum_cymbal_pedal", "drum_cymbal_soft",
        "drum_splash_hard", "drum_splash_soft", "elec_cymbal"}},
      {{"Cowbell", "Percussion"}, {"drum_cowbell"}},
      {{"Percussion"}, {"elec_triangle"}},
      {{"Tabla", "Drum"},
       {"loop_tabla", "tabla_dhec", "tabla_ghe1",  "tabla_ghe2", "tabla_ghe3", "tabla_ghe4", "tabla_ghe5",
        "tabla_ghe6", "tabla_ghe7", "tabla_ghe8",  "tabla_ke1",  "tabla_ke2",  "tabla_ke3",  "tabla_na",
        "tabla_na_o", "tabla_na_s", "tabla_re",    "tabla_tas1", "tabla_tas2", "tabla_tas3", "tabla_te1",
        "tabla_te2",  "tabla_te_m", "tabla_te_ne", "tabla_tun1", "tabla_tun2", "tabla_tun3"}},
      {{"Drum kit", "Percussion"}, {"loop_amen", "loop_amen_full", "loop_breakbeat"}},
      {{"Guitar", "Plucked string instrument"},
       {"guit_e_fifths", "guit_e_slide", "guit_em9", "guit_harmonics"}},
      {{"Piano", "Keyboard (musical)"}, {"ambi_piano"}},
      {{"Bell"}, {"elec_bell", "perc_bell"}},
      {{"Chime", "Bell"}, {"elec_chime"}},
      {{"Choir", "Singing"}, {"ambi_choir"}},
      {{"Scratching (performance technique)"}, {"vinyl_scratch"}},
  };
  return kAll;
}

// Else it is told and left out: a package, or a file that a later version of it may lack.
bool is_installed(const RecordedRequest& request, const char* family, const SoundPackage& package,
                  const fs::path& path) {
  std::error_code unseen;
  if (fs::exists(path, unseen)) return true;
  request.missing(
      fmt::format("{}: found no {}, expected Debian's {}; left out", family, path.string(), package.name));
  return false;
}

std::string source_text(const SoundPackage& package, const fs::path& file, const fs::path& root) {
  return fmt::format("Debian package {}, /{}", package.name, file.lexically_relative(root).string());
}

// "supertux-data-forest-cave-2": a path without its folder.
std::string excerpt_name(const SoundPackage& package, const fs::path& below, std::size_t number) {
  std::string path = fs::path(below).replace_extension().generic_string();
  std::ranges::replace(path, '/', '-');
  return fmt::format("{}-{}-{}", package.name, path, number);
}

}  // namespace

void make_music(const RecordedRequest& request) {
  constexpr double kShortestS = 10.0;  // what is shorter is a jingle, or no music
  constexpr double kApartS = 15.0;
  constexpr std::size_t kMostExcerpts = 8;
  for (const SoundPackage& package : kMusic) {
    const fs::path folder = request.root / package.folder;
    if (!is_installed(request, "music", package, folder)) continue;
    KeyedRandom random(family_key(request.seed, package.name));
    for (const fs::path& file : sound_files_below(folder).files) {
      const Clip piece = load_clip(file, kOutlierHz);
      const double length_s = static_cast<double>(piece.samples.size()) / kOutlierHz;
      if (length_s < kShortestS) continue;
      const auto count =
          std::clamp(static_cast<std::size_t>(length_s / kApartS), std::size_t{1}, kMostExcerpts);
      for (std::size_t i = 0; i < count; ++i) {
        const double peak_dbfs = draw(random, kOutlierPeaksDbfs);
        std::optional<Excerpt> excerpt = cut_excerpt(piece.samples, i, count, random);
        if (!excerpt) continue;
        request.made({.name = excerpt_name(package, file.lexically_relative(folder), i + 1),
                      .labels = {"Music", "Video game music"},
                      .source = fmt::format("{}, from {:.2f} s", source_text(package, file, request.root),
                                            excerpt->start_s),
                      .licence = package.licence,
                      .samples = std::move(excerpt->samples),
                      .peak_dbfs = peak_dbfs});
      }
    }
  }
}

void make_speech(const RecordedRequest& request) {
  constexpr std::size_t kLinesOfPackage = 150;
  constexpr double kShortestS = 0.4;
  for (const SoundPackage& package : kSpeech) {
    const fs::path folder = request.root / package.folder;
    const std::string language =
        std::string(package.name).substr(std::string_view(package.name).rfind('-') + 1);
    std::vector<fs::path> files;
    std::error_code unseen;
    if (fs::exists(folder, unseen)) files = sound_files_below(folder).files;
    std::erase_if(files, [&](const fs::path& file) { return file.parent_path().filename() != language; });
    if (files.empty()) {
      request.missing(fmt::format("speech: found none of {} in {}, expected Debian's {}; left out", language,
                                  folder.string(), package.name));
      continue;
    }
    KeyedRandom random(family_key(request.seed, package.name));
    shuffle(std::span(files), random);
    std::size_t made = 0;
    for (const fs::path& file : files) {
      const double pause_s = random.uniform(0.1, 0.8);
      const double peak_dbfs = draw(random, kOutlierPeaksDbfs);
      const bool telephone = draw_chance(random, 0.5);
      const Clip said = load_clip(file, kOutlierHz);
      if (said.samples.size() < static_cast<std::size_t>(kShortestS * kOutlierHz) ||
          peak_of(said.samples) == 0.0F)
        continue;
      Outlier outlier{
          .name = excerpt_name(package, file.lexically_relative(folder), ++made),
          .labels = {"Speech"},
          .source = source_text(package, file, request.root) + (telephone ? ", by telephone" : ""),
          .licence = package.licence,
          .samples = repeated(said.samples, pause_s),
          .peak_dbfs = peak_dbfs};
      if (telephone) filter_as_telephone(outlier.samples);
      request.made(outlier);
      if (made == kLinesOfPackage) break;
    }
  }
}

void make_instruments(const RecordedRequest& request) {
  const fs::path folder = request.root / kInstruments.folder;
  if (!is_installed(request, "instruments", kInstruments, folder)) return;
  KeyedRandom random(family_key(request.seed, kInstruments.name));
  for (const Instrument& instrument : instruments()) {
    for (const char* name : instrument.files) {
      const fs::path file = folder / (std::string(name) + ".flac");
      const double pause_s = random.uniform(0.1, 0.8);
      const double peak_dbfs = draw(random, kOutlierPeaksDbfs);
      if (!is_installed(request, "instruments", kInstruments, file)) continue;
      request.made({.name = name,
                    .labels = instrument.labels,
                    .source = source_text(kInstruments, file, request.root),
                    .licence = kInstruments.licence,
                    .samples = repeated(load_clip(file, kOutlierHz).samples, pause_s),
                    .peak_dbfs = peak_dbfs});
    }
  }
}

}  // namespace earshot
