// AudioFile and load_clip: a file's sound, mixed to one channel.
#include "dsp/audio/AudioFile.h"

#include <algorithm>
#include <utility>

#include "dsp/audio/FrameMixer.h"
#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"

namespace earshot {

struct AudioFile::Impl {
  explicit Impl(const std::filesystem::path& path) : reader(path) {}

  SoundReader reader;
  std::uint64_t bad_samples = 0;

  std::size_t read(std::span<float> out, std::optional<int> channel) {
    reader.look_up();
    std::size_t done = 0;
    while (done < out.size()) {
      if (!reader.has_block()) {
        const bool more = reader.refill();
        if (done > 0 && !reader.damages().empty()) break;
        reader.damages().clear();  // nobody asked
        if (!more) break;
      }
      const std::size_t ready = reader.block().size() / reader.block_channels();
      const std::size_t taken = std::min(out.size() - done, ready);
      mix(out.subspan(done, taken), channel);
      reader.take(taken);
      done += taken;
    }
    return done;
  }

  void mix(std::span<float> out, std::optional<int> channel) {
    const std::size_t channels = reader.block_channels();
    const float* frame = reader.block().data();
    if (channels == 1) {
      std::copy_n(frame, out.size(), out.begin());
      bad_samples += replace_bad_samples(out);
      return;
    }
    std::optional<std::size_t> single;
    if (channel && channels == static_cast<std::size_t>(reader.channels())) {
      single = static_cast<std::size_t>(*channel);
    }
    FrameMixer mixer(single);
    for (float& sample : out) {
      sample = mixer({frame, channels});
      frame += channels;
    }
    bad_samples += mixer.take_bad_samples();
  }
};

AudioFile::AudioFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
AudioFile::~AudioFile() = default;
AudioFile::AudioFile(AudioFile&&) noexcept = default;
AudioFile& AudioFile::operator=(AudioFile&&) noexcept = default;

int AudioFile::rate_hz() const noexcept {
  return impl_->reader.rate_hz();
}
int AudioFile::channels() const noexcept {
  return impl_->reader.channels();
}
std::uint64_t AudioFile::frames() const noexcept {
  return impl_->reader.frames();
}

void AudioFile::look_up() {
  impl_->reader.look_up();
}

std::optional<SoundDamage> AudioFile::next_damage() {
  SoundReader& reader = impl_->reader;
  reader.look_up();
  if (reader.damages().empty() && !reader.has_block()) reader.refill();
  if (reader.damages().empty()) return std::nullopt;
  SoundDamage damage = std::move(reader.damages().front());
  reader.damages().pop_front();
  return damage;
}

bool AudioFile::at_end() const noexcept {
  return impl_->reader.at_end();
}

std::size_t AudioFile::read_mono(std::span<float> out) {
  return impl_->read(out, std::nullopt);
}

std::size_t AudioFile::read_channel(int channel, std::span<float> out) {
  if (channel < 0 || channel >= impl_->reader.channels()) {
    throw Error(ExitCode::config, impl_->reader.path().string() + ": found " +
                                      std::to_string(impl_->reader.channels()) +
                                      " channels, expected one at index " + std::to_string(channel));
  }
  return impl_->read(out, channel);
}

std::uint64_t AudioFile::take_bad_samples() noexcept {
  return std::exchange(impl_->bad_samples, std::uint64_t{0}) +
         std::exchange(impl_->reader.bad_samples(), std::uint64_t{0});
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
  for (;;) {
    while (auto damage = file.next_damage()) clip.damages.push_back(*std::move(damage));
    const std::size_t got = file.read_mono(block);
    if (got == 0) break;
    const std::span<const float> ready = resampler.process(std::span(block).first(got));
    clip.samples.insert(clip.samples.end(), ready.begin(), ready.end());
  }
  const std::span<const float> rest = resampler.finish();
  clip.samples.insert(clip.samples.end(), rest.begin(), rest.end());
  clip.bad_samples = file.take_bad_samples();
  return clip;
}

}  // namespace earshot
