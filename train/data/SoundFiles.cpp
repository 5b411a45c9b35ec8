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

namespace fs = std::filesystem;

// Also what libsndfile does not read, so that it is named instead of overlooked. Sorted.
constexpr auto kSoundExtensions = std::to_array<std::string_view>(
    {"",      ".8svx", ".aac",  ".aif", ".aifc", ".aiff", ".amr",   ".ape",  ".au",  ".avr", ".bwf", ".caf",
     ".flac", ".htk",  ".iff",  ".m4a", ".m4b",  ".mat",  ".mka",   ".mp2",  ".mp3", ".mp4", ".mpc", ".nist",
     ".oga",  ".ogg",  ".opus", ".paf", ".pvf",  ".ra",   ".rf64",  ".sd2",  ".sds", ".sf",  ".snd", ".sph",
     ".spx",  ".svx",  ".voc",  ".w64", ".wav",  ".wave", ".wavex", ".webm", ".wma", ".wv",  ".wve", ".xi"});
static_assert(std::ranges::is_sorted(kSoundExtensions));

const char* kind_of(const fs::file_status& status) {
  switch (status.type()) {
    case fs::file_type::not_found:
      return "is a link to nothing";
    case fs::file_type::directory:
      return "is a directory";
    case fs::file_type::fifo:
      return "is a pipe";
    case fs::file_type::socket:
      return "is a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "is a device";
    default:
      return "is not a file";
  }
}

}  // namespace

bool looks_like_sound(const fs::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::binary_search(kSoundExtensions, std::string_view(extension));
}

SoundFolder sound_files_below(const fs::path& folder) {
  SoundFolder sounds;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    std::error_code unknown;  // a link to nowhere or to itself
    if (path.filename().string().starts_with('.') || !looks_like_sound(path) || at->is_directory(unknown)) {
      continue;
    }
    if (at->is_regular_file(unknown)) {
      sounds.files.push_back(path);
    } else {
      sounds.skipped.push_back(fmt::format("{}: {}, left out", path.string(), kind_of(at->status(unknown))));
    }
  }
  if (error || sounds.files.empty()) {
    throw Error(ExitCode::no_input, fmt::format("{}: found {}, expected a folder of sounds", folder.string(),
                                                error ? error.message() : "no sounds"));
  }
  std::ranges::sort(sounds.files);
  std::ranges::sort(sounds.skipped);
  return sounds;
}

void expect_file(const fs::path& path) {
  std::error_code unknown;
  const fs::file_status status = fs::status(path, unknown);
  if (!fs::exists(status) || fs::is_regular_file(status)) return;
  throw Error(ExitCode::no_input, fmt::format("{}: {}, expected a file", path.string(), kind_of(status)));
}

}  // namespace earshot
