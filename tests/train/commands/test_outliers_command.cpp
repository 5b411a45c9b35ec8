// `trainer outliers`: what it writes, from what is installed, and what it says of the rest.
#include "train/commands/OutliersCommand.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <catch2/catch.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "nn/model/Model.h"
#include "tests/support/BundledModel.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/outliers/OutlierFolder.h"
#include "train/outliers/PackagedSounds.h"
#include "train/outliers/Samples.h"
#include "train/outliers/Voices.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

/// Standard output and error of what is done while it lives.
class Overheard {
 public:
  Overheard() : out_before_(std::cout.rdbuf(out.rdbuf())), err_before_(std::cerr.rdbuf(err.rdbuf())) {}
  ~Overheard() {
    std::cout.rdbuf(out_before_);
    std::cerr.rdbuf(err_before_);
  }
  Overheard(const Overheard&) = delete;
  Overheard& operator=(const Overheard&) = delete;

  std::ostringstream out;
  std::ostringstream err;

 private:
  std::streambuf* out_before_;
  std::streambuf* err_before_;
};

/// By their path below `folder`.
std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().lexically_relative(folder)] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

std::set<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

/// A file system with what is to be installed there.
class Installed {
 public:
  const fs::path& root() const { return directory_.path(); }

  void sound(const fs::path& path, double seconds, double hz = 440.0) const {
    fs::create_directories((root() / path).parent_path());
    write_wav(root() / path, sine(hz, kOutlierHz, sample_at(seconds)), kOutlierHz);
  }
  /// An espeak-ng that always says the same, and what it was told to.
  void espeak() const {
    sound("said.wav", 0.7, 300.0);
    const fs::path program = directory_.write("usr/bin/espeak-ng",
                                              "#!/bin/sh\n"
                                              "root=${0%/usr/bin/espeak-ng}\n"
                                              "echo \"$@\" >>\"$root/told\"\n"
                                              "while [ \"$1\" != -w ]; do shift; done\n"
                                              "cp \"$root/said.wav\" \"$2\"\n");
    fs::permissions(program, fs::perms::owner_all);
  }

  /// Makes a family of what is here; lines of what is missing go to `missing`.
  std::vector<Outlier> made(void (*make)(const RecordedRequest&), std::uint64_t seed = 1) const {
    std::vector<Outlier> all;
    missing.clear();
    make({.root = root(),
          .seed = seed,
          .made = [&](const Outlier& outlier) { all.push_back(outlier); },
          .missing = [&](const std::string& line) { missing.push_back(line); }});
    return all;
  }
  mutable std::vector<std::string> missing;

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("outliers are a list and the files it names, each at a level in range, the same by the same seed") {
  const Installed nothing;
  const TemporaryDirectory directory;
  const auto write = [&](const char* name, std::uint32_t seed) {
    const Overheard heard;
    run_outliers({.out = directory / name, .seed = seed, .root = nothing.root(), .generated = 1});
    CHECK(lines_of(heard.out.str()) ==
          std::set<std::string>{"noises       1 files, 5 s", "hums         1 files, 5 s",
                                "tones        1 files, 5 s", "chirps       1 files, 5 s",
                                "clicks       1 files, 5 s", "rooms        1 files, 5 s",
                                "orchestra    3 files, 15 s"});
    return files_below(directory / name);
  };
  const auto first = write("first", 3);
  const auto again = write("again", 3);
  const auto other = write("other", 4);
  CHECK(first == again);
  CHECK(first.size() == 10);

  const Csv list = read_csv(directory / "first/outliers.csv");
  CHECK(list.columns == std::vector<std::string>{"file", "family", "labels", "source", "licence"});
  std::set<std::string> listed{"outliers.csv"};
  for (const Csv::Row& row : list.rows) {
    const std::string& file = row.fields[0];
    INFO(file);
    CHECK(listed.insert(file).second);
    CHECK(file.starts_with(row.fields[1] + '/'));
    for (const std::string& field : row.fields) CHECK_FALSE(field.empty());
    REQUIRE(first.contains(file));
    CHECK(first.at(file) != other.at(file));
    const AudioFile header(directory / "first" / file);
    CHECK(header.rate_hz() == 44100);
    CHECK(header.channels() == 1);
    CHECK(header.frames() == 5 * 44100);
    const float peak = peak_of(load_clip(directory / "first" / file, 44100).samples);
    CHECK(peak <= 1.0F);
    CHECK(peak > 0.0099F);  // -40 dBFS, rounded
  }
  CHECK(listed.size() == first.size());
}

TEST_CASE("what is not installed is left out by name, a line each") {
  const Installed nothing;
  const TemporaryDirectory directory;
  const Overheard heard;
  run_outliers({.out = directory / "out", .seed = 1, .root = nothing.root(), .generated = 1});
  const std::string root = nothing.root().string();
  CHECK(lines_of(heard.err.str()) ==
        std::set<std::string>{
            "voices: found no " + root + "/usr/bin/espeak-ng, expected Debian's espeak-ng; left out",
            "speech: found none of cs in " + root +
                "/usr/share/games/fillets-ng/sound, expected Debian's fillets-ng-data-cs; left out",
            "speech: found none of nl in " + root +
                "/usr/share/games/fillets-ng/sound, expected Debian's fillets-ng-data-nl; left out",
            "music: found no " + root +
                "/usr/share/games/fillets-ng/music, expected Debian's fillets-ng-data; left out",
            "music: found no " + root +
                "/usr/share/games/frozen-bubble/snd, expected Debian's frozen-bubble-data; left out",
            "music: found no " + root +
                "/usr/share/games/supertux2/music, expected Debian's supertux-data; left out",
            "instruments: found no " + root +
                "/usr/share/sonic-pi/samples, expected Debian's sonic-pi-samples; left out"});
}

TEST_CASE("outliers are written to a new or an empty directory only") {
  const TemporaryDirectory directory;
  directory.write("full/notes.txt", "mine");
  directory.write("file", "mine");
  const auto refused = [&](const char* name, const std::string& why) {
    const Finished done = run_program({EARSHOT_TRAINER, "outliers", "--out", directory / name});
    CHECK(done.code == 64);
    CHECK(done.out.empty());
    CHECK_THAT(done.err, Contains(name) && Contains(why));
    CHECK(lines_of(done.err).size() == 1);
  };
  refused("full", "found a directory that is not empty, expected a new or an empty one");
  refused("file", "found a file, expected a new or an empty directory");
  CHECK(files_below(directory.path()).size() == 2);
  fs::create_directory(directory / "empty");
  CHECK_NOTHROW(OutlierFolder(directory / "empty"));
  CHECK_NOTHROW(OutlierFolder(directory / "new/and deeper"));
}

TEST_CASE(
    "each text is spoken, and numbers, near and by telephone, in voices, at speeds and pitches that chance "
    "picks") {
  const Installed installed;
  installed.espeak();
  const std::vector<Outlier> voices = installed.made(make_voices);
  CHECK(installed.missing.empty());
  REQUIRE(voices.size() == 240);
  std::set<std::string> names;
  std::size_t whispers = 0;
  std::size_t by_telephone = 0;
  for (const Outlier& voice : voices) {
    INFO(voice.source);
    names.insert(voice.name);
    CHECK(voice.labels.front() == "Speech");
    const bool whispered = voice.source.find("+whisper") != std::string::npos;
    CHECK(whispered == (voice.labels.back() == "Whispering"));
    whispers += whispered;
    CHECK(voice.samples.size() == kOutlierSamples);
    const bool telephone = voice.source.find(", by telephone") != std::string::npos;
    CHECK(telephone == (voice.name.find("-telephone-") != std::string::npos));
    by_telephone += telephone;
    const float least = telephone ? 0.2F : 0.4F;
    CHECK(peak_of(voice.samples) > least);
    CHECK(peak_of({voice.samples.end() - kOutlierHz, voice.samples.end()}) >
          least);  // it is said until the end
  }
  CHECK(names.size() == 240);
  CHECK(by_telephone == 120);
  CHECK(whispers > 0);
  CHECK(whispers < 80);
  std::ifstream told(installed.root() / "told");
  std::set<std::string> orders;
  for (std::string line; std::getline(told, line);) {
    CHECK_THAT(line, Contains("-b 1 -v ") && Contains(" -s ") && Contains(" -p ") && Contains(" -g ") &&
                         Contains(" -w "));
    orders.insert(line.substr(0, line.find(" -w ")));
  }
  CHECK(orders.size() > 200);
  CHECK(installed.made(make_voices, 2).front().source != voices.front().source);

  fs::permissions(installed.root() / "usr/bin/espeak-ng", fs::perms::owner_all, fs::perm_options::replace);
  std::ofstream(installed.root() / "usr/bin/espeak-ng") << "#!/bin/sh\nexit 3\n";
  CHECK_THROWS_WITH(installed.made(make_voices),
                    Contains("usr/bin/espeak-ng: found exit code 3 for the voice "));
}

TEST_CASE(
    "of a long piece there is an excerpt every 15 s, at most eight, of a short one one, of a jingle none") {
  const Installed installed;
  const fs::path music = "usr/share/games/supertux2/music";
  installed.sound(music / "forest/long.ogg", 46.0);
  installed.sound(music / "opera.ogg", 140.0);
  installed.sound(music / "theme.ogg", 12.0);
  installed.sound(music / "jingle.ogg", 6.0);
  std::ofstream(installed.root() / music / "theme.music") << "(supertux-music)";
  const std::vector<Outlier> excerpts = installed.made(make_music);
  CHECK(installed.missing.size() == 2);
  REQUIRE(excerpts.size() == 12);
  CHECK(excerpts[0].name == "supertux-data-forest-long-1");
  CHECK(excerpts[2].name == "supertux-data-forest-long-3");
  CHECK(excerpts[10].name == "supertux-data-opera-8");
  CHECK(excerpts[11].name == "supertux-data-theme-1");
  for (const Outlier& excerpt : excerpts) {
    CHECK(excerpt.labels == std::vector<std::string>{"Music", "Video game music"});
    CHECK(excerpt.licence == "GPL-2+");
    CHECK_THAT(excerpt.source, Contains("Debian package supertux-data, /usr/share/games/supertux2/music/"));
  }
  CHECK(excerpts[0].source != installed.made(make_music, 2)[0].source);
}

TEST_CASE(
    "of what actors say in a language its package has lines that are long enough, half of them by "
    "telephone") {
  const Installed installed;
  const fs::path sounds = "usr/share/games/fillets-ng/sound";
  for (int i = 0; i < 160; ++i)
    installed.sound(sounds / fmt::format("kitchen/cs/line-{}.ogg", i), i % 16 == 0 ? 0.2 : 0.6,
                    700.0 + 5.0 * i);
  installed.sound(sounds / "kitchen/en/other.ogg", 0.6);
  const std::vector<Outlier> lines = installed.made(make_speech);
  CHECK(installed.missing.size() == 1);  // Dutch
  CHECK(lines.size() == 150);
  std::size_t by_telephone = 0;
  for (const Outlier& line : lines) {
    INFO(line.source);
    CHECK(line.labels == std::vector<std::string>{"Speech"});
    CHECK_THAT(line.source,
               Contains("fillets-ng-data-cs, /usr/share/games/fillets-ng/sound/kitchen/cs/line-"));
    CHECK(peak_of(line.samples) > 0.1F);
    by_telephone += line.source.ends_with(", by telephone");
  }
  CHECK(by_telephone > 50);
  CHECK(by_telephone < 100);
  CHECK(lines.front().source != installed.made(make_speech, 2).front().source);
}

TEST_CASE(
    "instruments are played over and over, those that are not there are named, all labels are the bundled "
    "model's") {
  const auto bundled = find_bundled_model();
  if (!bundled) return;
  const std::vector<std::string> known = load_model(*bundled).labels;
  const Installed installed;
  const fs::path samples = "usr/share/sonic-pi/samples";
  installed.sound(samples / "guit_em9.flac", 0.5);
  const std::vector<Outlier> one = installed.made(make_instruments);
  REQUIRE(one.size() == 1);
  CHECK(one[0].name == "guit_em9");
  CHECK(one[0].licence == "CC0-1.0");
  CHECK(peak_of({one[0].samples.end() - kOutlierHz, one[0].samples.end()}) > 0.4F);

  const std::vector<std::string> absent = installed.missing;
  CHECK(absent.size() > 50);
  const std::string before = "instruments: found no ";
  for (const std::string& line : absent) {
    REQUIRE(line.starts_with(before));
    const fs::path file = line.substr(before.size(), line.find(',') - before.size());
    installed.sound(file.lexically_relative(installed.root()), 0.1);
  }
  const std::vector<Outlier> all = installed.made(make_instruments);
  CHECK(installed.missing.empty());
  CHECK(all.size() == absent.size() + 1);
  for (const Outlier& instrument : all) {
    INFO(instrument.name);
    for (const std::string& label : instrument.labels) CHECK(std::ranges::find(known, label) != known.end());
  }
  for (const char* label : {"Speech", "Speech synthesizer", "Whispering", "Music", "Video game music"})
    CHECK(std::ranges::find(known, label) != known.end());
}

}  // namespace earshot::test
