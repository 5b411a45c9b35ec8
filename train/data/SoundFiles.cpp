#include "train/data/SoundFiles.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

// Also what libsndfile does not read, so that it is named instead of overlooked. Sorted.
constexpr auto kSoundExtensions = std::to_array<std::string_view>(
    {"",      ".8svx", ".aac",  ".aif", ".aifc", ".aiff", ".amr",   ".ape",  ".au",  ".avr", ".bwf", ".caf",
     ".flac", ".htk",  ".iff",  ".m4a", ".m4b",  ".mat",  ".mka",   ".mp2",  ".mp3", ".mp4", ".mpc", ".nist",
     ".oga",  ".ogg",  ".opus", ".paf", ".pvf",  ".ra",   ".rf64",  ".sd2",  ".sds", ".sf",  ".snd", ".sph",
     ".spx",  ".svx",  ".voc",  ".w64", ".wav",  ".wave", ".wavex", ".webm", ".wma", ".wv",  ".wve", ".xi"});
static_assert(std::ranges::is_sorted(kSoundExtensions));

}  // namespace

bool looks_like_sound(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::binary_search(kSoundExtensions, std::string_view(extension));
}

std::vector<std::filesystem::path> sound_files_below(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;  // a link to nowhere or to itself
    const bool hidden = at->path().filename().string().starts_with('.');
    if (!hidden && at->is_regular_file(unknown) && looks_like_sound(at->path())) files.push_back(*at);
  }
  if (error || files.empty()) {
    throw Error(ExitCode::no_input, fmt::format("{}: found {}, expected a folder of sounds", folder.string(),
                                                error ? error.message() : "no sounds"));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace earshot
