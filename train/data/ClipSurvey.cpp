#include "train/data/ClipSurvey.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "train/data/SoundFiles.h"
#include "train/data/SoundHash.h"
#include "train/data/Workers.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockFrames = 16384;
constexpr float kFullScale = 32766.0F / 32768.0F;
constexpr std::uint64_t kShortestRun = 3;

/// Counts samples at full scale that stand in a row, over blocks.
class ClippingCounter {
 public:
  std::uint64_t update(std::span<const float> samples) noexcept {
    std::uint64_t clipped = 0;
    for (const float sample : samples) {
      if (std::abs(sample) < kFullScale) {
        run_ = 0;
      } else if (++run_ >= kShortestRun) {
        clipped += run_ == kShortestRun ? kShortestRun : 1;
      }
    }
    return clipped;
  }

 private:
  std::uint64_t run_ = 0;
};

/// What a line says beyond the clip's path.
std::string reason_of(const std::string& line, const fs::path& path) {
  const std::string prefix = path.string() + ": ";
  return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
}

ClipFacts facts_of(const fs::path& path, std::vector<float>& block) {
  ClipFacts facts;
  try {
    expect_file(path);
    AudioFile file(path);
    facts.rate_hz = file.rate_hz();
    facts.channels = file.channels();
    SoundHash hash;
    ClippingCounter clipping;
    for (;;) {
      while (const auto damage = file.next_damage()) facts.damages.push_back(reason_of(damage->line, path));
      const std::size_t got = file.read_mono(block);
      if (got == 0) break;
      const std::span<const float> samples = std::span(block).first(got);
      facts.frames += got;
      for (const float sample : samples) facts.peak = std::max(facts.peak, std::abs(sample));
      facts.clipped += clipping.update(samples);
      hash.update(samples);
    }
    facts.bad_samples = file.take_bad_samples();
    facts.sound = hash.value();
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data && error.code() != ExitCode::no_input) throw;
    std::error_code ignored;
    facts.missing = !fs::exists(path, ignored);
    facts.problem = facts.missing ? "no such file" : reason_of(error.what(), path);
  }
  return facts;
}

}  // namespace

std::vector<ClipFacts> survey_clips(const DataSet& data, unsigned threads,
                                    const std::function<bool(std::size_t done)>& progress) {
  std::vector<ClipFacts> facts(data.clips.size());
  const auto new_worker = [&] {
    return [&, block = std::vector<float>(kBlockFrames)](std::size_t i) mutable {
      facts[i] = facts_of(data.clips[i].path, block);
    };
  };
  if (!work_on_items(facts.size(), std::max(1U, threads), new_worker, progress)) return {};
  return facts;
}

}  // namespace earshot
