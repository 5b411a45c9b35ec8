#include "train/teaching/Contradictions.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

/// What one file is said to be.
struct Saying {
  const std::filesystem::path* path;
  std::vector<std::size_t> labels;  ///< that it holds
  std::size_t rejected = 0;         ///< or the one that it is not
  bool is_rejected = false;
};

/// The same bytes; files that cannot be read say nothing here, and are told of when they are loaded.
std::vector<std::vector<Saying>> equal_files(const std::vector<Saying>& all) {
  std::map<std::uintmax_t, std::vector<Saying>> by_size;
  for (const Saying& saying : all) {
    std::error_code unread;
    const std::uintmax_t bytes = std::filesystem::file_size(*saying.path, unread);
    if (!unread) by_size[bytes].push_back(saying);
  }
  std::vector<std::vector<Saying>> equal;
  for (const auto& [bytes, same_size] : by_size) {
    if (same_size.size() < 2) continue;
    std::map<std::string, std::vector<Saying>> by_hash;
    for (const Saying& saying : same_size) {
      try {
        by_hash[sha256_of_file(*saying.path, "an audio file")].push_back(saying);
      } catch (const Error&) {
      }
    }
    for (auto& [hash, same] : by_hash) {
      if (same.size() > 1) equal.push_back(std::move(same));
    }
  }
  return equal;
}

}  // namespace

std::vector<std::string> find_contradictions(const DataSet& data, const TaughtLabels& taught) {
  std::vector<Saying> sayings;
  for (const LabelledClip& clip : data.clips) sayings.push_back({&clip.path, taught.held_by(clip)});
  for (const RejectedClip& clip : data.rejected)
    sayings.push_back({&clip.path, {}, taught.rejected.at(clip.label), true});
  std::vector<std::string> notes;
  for (const std::vector<Saying>& same : equal_files(sayings)) {
    for (const Saying& one : same) {
      for (const Saying& other : same) {
        if (one.is_rejected || one.labels.empty()) continue;
        if (other.is_rejected && taught.stand(one.labels, other.rejected) == Stand::positive) {
          throw Error(ExitCode::bad_data,
                      fmt::format("{}: found the same sound as {}, expected it to be '{}' or not to be it",
                                  other.path->string(), one.path->string(), taught.labels[other.rejected]));
        }
        if (&one >= &other || other.is_rejected || other.labels.empty()) continue;
        const bool apart = std::ranges::any_of(other.labels, [&](std::size_t label) {
          return taught.stand(one.labels, label) == Stand::negative;
        });
        if (apart) {
          notes.push_back(
              fmt::format("{}: the same sound as {}, of another class: each is taught as not being the other",
                          printable(other.path->string()), printable(one.path->string())));
        }
      }
    }
  }
  return notes;
}

}  // namespace earshot
