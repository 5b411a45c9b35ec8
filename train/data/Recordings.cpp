#include "train/data/Recordings.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace earshot {
namespace {

constexpr std::size_t kMostCounterDigits = 4;  // more is a date, a time, or the recording's own number

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

/// The name in a form known to name recordings, else nothing.
std::string_view known_form(std::string_view stem) {
  const std::vector<std::string_view> parts = split(stem, '-');
  const bool esc = (parts.size() == 3 || (parts.size() == 4 && is_number(parts[3]))) && is_number(parts[0]) &&
                   is_number(parts[1]) && parts[2].size() == 1 && is_letter(parts[2][0]);
  if (esc) return stem.substr(0, parts[0].size() + 1 + parts[1].size());
  if (parts.size() == 4 && std::ranges::all_of(parts, is_number)) return parts[0];
  const std::size_t nohash = stem.find("_nohash_");
  if (nohash != stem.npos && nohash > 0 && is_number(stem.substr(nohash + 8))) return stem.substr(0, nohash);
  return {};
}

/// The name without the number or letter at its end.
std::string_view without_counter(std::string_view stem) {
  std::string_view rest = stem;
  const bool bracketed = rest.ends_with(')') || rest.ends_with(']');
  if (bracketed) rest.remove_suffix(1);
  std::size_t digits = 0;
  while (digits < rest.size() && is_digit(rest[rest.size() - 1 - digits])) ++digits;
  if (digits > kMostCounterDigits) return {};
  const bool letter = digits == 0 && !rest.empty() && is_letter(rest.back());
  if (digits == 0 && !letter) return {};
  rest.remove_suffix(letter ? 1 : digits);
  const std::size_t name = rest.find_last_not_of("-_ .#([");
  if (name == rest.npos || name + 1 == rest.size()) return {};
  return rest.substr(0, name + 1);
}

/// The clips of one recording's name.
struct Candidate {
  std::vector<std::size_t> clips;
  bool certain = false;
};

}  // namespace

RecordingName recording_of(std::string_view stem) {
  if (const std::string_view name = known_form(stem); !name.empty()) return {std::string(name), true};
  return {std::string(without_counter(stem)), false};
}

void find_recordings(DataSet& data) {
  std::map<std::string, Candidate> candidates;
  std::vector<std::size_t> clips_of_label(data.labels.size() + 1, 0);  // the last: background
  const auto slot = [&](const LabelledClip& clip) {
    return clip.background() ? data.labels.size() : static_cast<std::size_t>(clip.label);
  };
  for (std::size_t i = 0; i < data.clips.size(); ++i) {
    LabelledClip& clip = data.clips[i];
    clip.group = -1;
    ++clips_of_label[slot(clip)];
    RecordingName recording = recording_of(clip.path.stem().native());
    if (recording.name.empty()) continue;
    Candidate& candidate = candidates[std::move(recording.name)];
    candidate.clips.push_back(i);
    candidate.certain |= recording.certain;
  }
  data.groups.clear();
  for (const auto& [name, candidate] : candidates) {
    if (candidate.clips.size() < 2) continue;
    if (!candidate.certain) {
      std::unordered_map<std::size_t, std::size_t> here;  // label -> clips
      for (const std::size_t i : candidate.clips) ++here[slot(data.clips[i])];
      const bool tells = std::ranges::any_of(
          here, [&](const auto& count) { return clips_of_label[count.first] > count.second; });
      if (!tells) continue;
    }
    for (const std::size_t i : candidate.clips) data.clips[i].group = static_cast<int>(data.groups.size());
    data.groups.push_back(name);
  }
}

}  // namespace earshot
