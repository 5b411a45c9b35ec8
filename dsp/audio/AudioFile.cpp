// AudioFile and load_clip: the only file that knows libsndfile.
#include "dsp/audio/AudioFile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <system_error>
#include <utility>

#include <sndfile.h>

#include "dsp/audio/FrameMixer.h"
#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kBlockFrames = 4096;

struct CloseFile {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};

}  // namespace

struct AudioFile::Impl {
  std::string path;
  SF_INFO info{};
  std::unique_ptr<SNDFILE, CloseFile> file;
  std::vector<float> interleaved;  // kBlockFrames x channels, of more than one
  std::uint64_t bad_samples = 0;

  std::size_t channel_count() const noexcept { return static_cast<std::size_t>(info.channels); }

  /// Up to `frames` frames into `to`; fewer only at the end.
  std::size_t read_block(float* to, std::size_t frames) {
    const sf_count_t got = sf_readf_float(file.get(), to, static_cast<sf_count_t>(frames));
    if (got < 0 || sf_error(file.get()) != SF_ERR_NO_ERROR) {
      throw Error(ExitCode::bad_data, path + ": damaged audio: " + sf_strerror(file.get()));
    }
    return static_cast<std::size_t>(got);
  }

  /// Fills `out` with mixed frames, a block at a time.
  std::size_t read(std::span<float> out, FrameMixer mixer) {
    std::size_t done = 0;
    while (done < out.size()) {
      const std::size_t wanted = std::min(out.size() - done, kBlockFrames);
      const bool mono = channel_count() == 1;
      const std::size_t got = read_block(mono ? &out[done] : interleaved.data(), wanted);
      if (mono) {
        bad_samples += replace_bad_samples(out.subspan(done, got));
      } else {
        for (std::size_t frame = 0; frame < got; ++frame) {
          out[done + frame] = mixer(std::span(interleaved).subspan(frame * channel_count(), channel_count()));
        }
      }
      done += got;
      if (got < wanted) break;
    }
    bad_samples += mixer.take_bad_samples();
    return done;
  }
};

AudioFile::AudioFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path.string();
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) {
    throw Error(ExitCode::no_input, impl_->path + ": " +
                                        (failure ? failure.message() : "No such file or directory") +
                                        ", expected an audio file");
  }
  if (std::filesystem::is_directory(status)) {
    throw Error(ExitCode::no_input, impl_->path + ": is a directory, expected an audio file");
  }
  // libsndfile tells why it failed to open by a variable of the whole process.
  static std::mutex opening;
  const std::lock_guard lock(opening);
  impl_->file.reset(sf_open(path.c_str(), SFM_READ, &impl_->info));
  if (!impl_->file) {
    const ExitCode code = sf_error(nullptr) == SF_ERR_SYSTEM ? ExitCode::no_input : ExitCode::bad_data;
    std::string reason = sf_strerror(nullptr);
    // What libsndfile says of a file that is there, but has nothing of the MP3 that its name promises.
    if (reason.starts_with("File does not exist")) reason = "no format that libsndfile knows";
    throw Error(code, impl_->path + ": not readable as audio: " + reason);
  }
  if (impl_->info.channels < 1 || impl_->info.samplerate < Resampler::kMinRateHz ||
      impl_->info.samplerate > Resampler::kMaxRateHz) {
    throw Error(ExitCode::bad_data, impl_->path + ": found " + std::to_string(impl_->info.channels) +
                                        " channels at " + std::to_string(impl_->info.samplerate) +
                                        " Hz, expected one at least, at " +
                                        std::to_string(Resampler::kMinRateHz) + " to " +
                                        std::to_string(Resampler::kMaxRateHz) + " Hz");
  }
  if (impl_->channel_count() > 1) impl_->interleaved.resize(kBlockFrames * impl_->channel_count());
}

AudioFile::~AudioFile() = default;
AudioFile::AudioFile(AudioFile&&) noexcept = default;
AudioFile& AudioFile::operator=(AudioFile&&) noexcept = default;

int AudioFile::rate_hz() const noexcept {
  return impl_->info.samplerate;
}
int AudioFile::channels() const noexcept {
  return impl_->info.channels;
}

std::uint64_t AudioFile::frames() const noexcept {
  const sf_count_t frames = impl_->info.frames;
  return frames > 0 && frames < SF_COUNT_MAX ? static_cast<std::uint64_t>(frames) : 0;
}

std::size_t AudioFile::read_mono(std::span<float> out) {
  return impl_->read(out, FrameMixer());
}

std::size_t AudioFile::read_channel(int channel, std::span<float> out) {
  if (channel < 0 || channel >= impl_->info.channels) {
    throw Error(ExitCode::config, impl_->path + ": found " + std::to_string(impl_->info.channels) +
                                      " channels, expected one at index " + std::to_string(channel));
  }
  return impl_->read(out, FrameMixer(static_cast<std::size_t>(channel)));
}

std::uint64_t AudioFile::take_bad_samples() noexcept {
  return std::exchange(impl_->bad_samples, std::uint64_t{0});
}

Clip load_clip(const std::filesystem::path& path, int rate_hz) {
  AudioFile file(path);
  Resampler resampler(file.rate_hz(), rate_hz);
  Clip clip;
  std::vector<float> block(Resampler::kMaxChunk);
  constexpr std::uint64_t kMostFrames = 1 << 24;  // a header may promise what is not there
  clip.samples.reserve(
      static_cast<std::size_t>(std::min(file.frames(), kMostFrames) * static_cast<std::uint64_t>(rate_hz) /
                                   static_cast<std::uint64_t>(file.rate_hz()) +
                               1));
  while (const std::size_t got = file.read_mono(block)) {
    const std::span<const float> ready = resampler.process(std::span(block).first(got));
    clip.samples.insert(clip.samples.end(), ready.begin(), ready.end());
  }
  const std::span<const float> rest = resampler.finish();
  clip.samples.insert(clip.samples.end(), rest.begin(), rest.end());
  clip.bad_samples = file.take_bad_samples();
  return clip;
}

std::size_t replace_bad_samples(std::span<float> samples) noexcept {
  std::size_t bad = 0;
  for (float& sample : samples) {  // no branch: several at a time
    const bool finite = std::abs(sample) <= std::numeric_limits<float>::max();
    bad += finite ? 0 : 1;
    sample = finite ? sample : 0.0f;
  }
  return bad;
}

}  // namespace earshot
