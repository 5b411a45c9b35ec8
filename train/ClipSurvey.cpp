#include "train/ClipSurvey.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <span>
#include <thread>

#include "dsp/AudioFile.h"
#include "dsp/Error.h"
#include "train/SoundHash.h"

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

/// What an error says beyond the clip's path.
std::string reason_of(const Error& error, const fs::path& path) {
  const std::string prefix = path.string() + ": ";
  const std::string line = error.what();
  return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
}

ClipFacts facts_of(const fs::path& path, std::vector<float>& block) {
  ClipFacts facts;
  try {
    AudioFile file(path);
    facts.rate_hz = file.rate_hz();
    facts.channels = file.channels();
    SoundHash hash;
    ClippingCounter clipping;
    while (const std::size_t got = file.read_mono(block)) {
      const std::span<const float> samples = std::span(block).first(got);
      facts.frames += got;
      for (const float sample : samples) facts.peak = std::max(facts.peak, std::abs(sample));
      facts.clipped += clipping.update(samples);
      hash.update(samples);
    }
    facts.bad_samples = file.take_bad_samples();
    facts.sound = hash.value();
    if (facts.frames == 0) facts.problem = "found no samples, expected a sound";
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data && error.code() != ExitCode::no_input) throw;
    std::error_code ignored;
    facts.missing = !fs::exists(path, ignored);
    facts.problem = facts.missing ? "no such file" : reason_of(error, path);
  }
  return facts;
}

}  // namespace

std::vector<ClipFacts> survey_clips(const DataSet& data, unsigned threads,
                                    const std::function<bool(std::size_t done)>& progress) {
  std::vector<ClipFacts> facts(data.clips.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> done = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      std::vector<float> block(kBlockFrames);
      for (std::size_t i = next++; i < facts.size() && !stop; i = next++) {
        facts[i] = facts_of(data.clips[i].path, block);
        ++done;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      stop = true;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, threads); ++i) workers.emplace_back(work);
    while (done < facts.size() && !stop) {
      if (!progress(done)) stop = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(done + threads < facts.size() ? 50 : 2));
    }
  }
  if (failure) std::rethrow_exception(failure);
  if (done < facts.size()) return {};
  progress(done);
  return facts;
}

}  // namespace earshot
