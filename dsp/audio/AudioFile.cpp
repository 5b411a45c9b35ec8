// AudioFile and load_clip: the pieces of a file, one decoder after another.
#include "dsp/audio/AudioFile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <deque>
#include <system_error>
#include <utility>

#include "dsp/audio/Decoder.h"
#include "dsp/audio/FileBytes.h"
#include "dsp/audio/FrameMixer.h"
#include "dsp/audio/Resampler.h"
#include "dsp/audio/SoundMap.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kBlockFrames = 4096;
static_assert(kBlockFrames <= Resampler::kMaxChunk);

/// "0:00:12.30"
std::string clock_text(std::uint64_t samples, int rate_hz) {
  const auto hundredths = static_cast<unsigned long long>(static_cast<double>(samples) * 100.0 / rate_hz + 0.5);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%llu:%02llu:%02llu.%02llu", hundredths / 360'000,
                hundredths / 6'000 % 60, hundredths / 100 % 60, hundredths % 100);
  return text.data();
}

std::string seconds_text(std::uint64_t samples, int rate_hz) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", static_cast<double>(samples) / rate_hz);
  return text.data();
}

SoundPiece whole(const FileBytes& bytes) {
  SoundPiece piece;
  piece.append({0, bytes.size()});
  return piece;
}

}  // namespace

struct AudioFile::Impl {
  explicit Impl(const std::filesystem::path& file) : path(file), bytes(file) {
    if (bytes.size() == 0) throw Error(ExitCode::bad_data, path.string() + ": is empty, expected a sound");
    map = map_chunks(bytes);
    mapped = !map.pieces.empty();
    if (!mapped) map.pieces.push_back(whole(bytes));
    open_first();
    if (!refill() && !(restart_from_map() && refill())) {
      refuse();
    }
  }

  [[noreturn]] void refuse() const {
    throw Error(ExitCode::bad_data, path.string() + ": found no samples, expected a sound");
  }

  std::filesystem::path path;
  FileBytes bytes;
  int rate_hz = 0;
  int channels = 0;
  std::uint64_t frames = 0;

  SoundMap map;
  bool mapped = false;  // what lies where has been looked up; until then the decoder is believed
  std::size_t next_piece = 0;
  std::optional<Decoder> decoder;
  std::vector<Resampler> resamplers;  // of each channel, if the piece is at another rate
  std::vector<float> decoded;
  std::uint64_t to_skip = 0;  // frames of the piece that have been delivered already

  std::vector<float> buffer;  // interleaved frames at rate_hz
  std::size_t buffer_channels = 1;
  std::size_t buffer_begin = 0;  // frames
  std::size_t buffer_end = 0;
  std::uint64_t position = 0;  // of the buffer's end, lost samples included
  std::uint64_t bad_samples = 0;

  std::uint64_t link_begin = 0;   // position where the present link begins
  std::uint64_t link_origin = 0;  // on its own timeline
  struct {
    std::string trouble;
    std::uint64_t bytes = 0;
  } pending;  // unread since the last sample
  std::deque<SoundDamage> damages;
  bool at_end = false;

  /// The first piece that can be opened tells rate and channels.
  void open_first() {
    try {
      decoder.emplace(path, bytes, map.pieces[0]);
    } catch (const Error&) {
      if (!find_pieces()) throw;
      while (next_piece < map.pieces.size() && !decoder) try_open(map.pieces[next_piece++]);
      if (!decoder) throw;
      next_piece = 0;
    }
    rate_hz = decoder->rate_hz();
    channels = decoder->channels();
    frames = decoder->frames();
    if (channels < 1 || rate_hz < Resampler::kMinRateHz || rate_hz > Resampler::kMaxRateHz) {
      throw Error(ExitCode::bad_data, path.string() + ": found " + std::to_string(channels) + " channels at " +
                                          std::to_string(rate_hz) + " Hz, expected one at least, at " +
                                          std::to_string(Resampler::kMinRateHz) + " to " +
                                          std::to_string(Resampler::kMaxRateHz) + " Hz");
    }
    if (next_piece == 0 && pending.trouble.empty()) {
      next_piece = 1;
      begin_decoding();
    } else {
      decoder.reset();
      pending = {};
    }
  }

  /// Looks for sound in a file that no decoder takes as it is.
  bool find_pieces() {
    if (mapped) return false;
    for (const auto look : {map_ogg, map_flac, map_mpeg}) {
      SoundMap found = look(bytes);
      if (found.pieces.empty()) continue;
      map = std::move(found);
      mapped = true;
      return true;
    }
    return false;
  }

  bool starts_with(std::string_view what) const {
    std::array<char, 4> begin{};
    return bytes.read(0, begin) == begin.size() && std::string_view(begin.data(), begin.size()) == what;
  }

  /// Before more than the first block is believed: Ogg and MPEG decoders say nothing of holes and of what lies
  /// behind their stream's end. Reads the whole file, which decoding is about to do anyway.
  void look_up() {
    if (mapped || !decoder) return;
    if (starts_with("OggS")) {
      take_map(map_ogg(bytes));
    } else if (decoder->is_mpeg()) {
      take_map(map_mpeg(bytes));
    }
  }

  void take_map(SoundMap found) {
    if (found.pieces.empty()) return;
    mapped = true;
    const bool plain = found.plain;
    map = std::move(found);
    if (plain) {
      next_piece = map.pieces.size();
    } else {
      restart();
    }
  }

  void restart() {
    decoder.reset();
    next_piece = 0;
    buffer_begin = buffer_end = 0;
    position = link_begin = link_origin = bad_samples = 0;
    pending = {};
    damages.clear();
    at_end = false;
  }

  bool restart_from_map() {
    if (!find_pieces()) return false;
    restart();
    return true;
  }

  /// The decoder of an unmapped file has ended. True if there is more after all, from `position` on.
  bool resume_from_map() {
    if (mapped || !decoder->is_flac()) return false;
    const bool whole = decoder->trouble().empty() && (frames == 0 || position >= frames);
    if (whole && !has_more_flac()) return false;
    SoundMap found = map_flac(bytes);
    if (found.pieces.empty()) return false;
    map = std::move(found);
    mapped = true;
    next_piece = 0;
    for (std::size_t i = 1; i < map.pieces.size() && !map.pieces[i].begins_link; ++i) {
      if (map.pieces[i].start.value_or(0) <= position) next_piece = i;
    }
    if (next_piece == 0 && map.pieces[0].start.value_or(0) > position) return true;
    SoundPiece& piece = map.pieces[next_piece];
    to_skip = position - piece.start.value_or(0);
    piece.trouble.clear();
    piece.lost_bytes = 0;
    // Its link began at 0, the piece begins before what has been delivered: no link of its own.
    piece.begins_link = false;
    piece.start.reset();
    piece.end.reset();
    return true;
  }

  bool has_more_flac() const {
    constexpr std::uint64_t kReadAhead = 1 << 16;  // more than the decoder's buffer
    ByteWindow window(bytes);
    const std::uint64_t from = decoder->reached() - std::min(decoder->reached(), kReadAhead);
    return window.find("fLaC", std::max<std::uint64_t>(from, 4)) < bytes.size();
  }

  /// The next block into an empty buffer; false at the end. What is missing before it goes to `damages`.
  bool refill() {
    while (!at_end) {
      if (decoder) {
        if (decode()) return true;
        if (const int failure = bytes.failure()) {
          throw Error(ExitCode::io, path.string() + ": " + std::generic_category().message(failure));
        }
        if (!resume_from_map()) note_decoder();
        decoder.reset();
      } else if (next_piece < map.pieces.size()) {
        try_open(map.pieces[next_piece++]);
        if (decoder) begin_decoding();
      } else {
        finish();
      }
    }
    return false;
  }

  void try_open(SoundPiece& piece) {
    note(piece.trouble, piece.lost_bytes);
    const std::uint64_t size = piece.body_bytes();
    try {
      decoder.emplace(path, bytes, piece);
    } catch (const Error& error) {
      note(std::string(error.what()).substr(path.string().size() + 2), size);
      return;
    }
    const int found = decoder->rate_hz();
    const bool other = rate_hz > 0 && found != rate_hz;
    if (decoder->channels() >= 1 &&
        (!other || (found >= Resampler::kMinRateHz && found <= Resampler::kMaxRateHz &&
                    found / rate_hz < 256 && rate_hz / found < 256))) {
      return;
    }
    note("found " + std::to_string(decoder->channels()) + " channels at " + std::to_string(found) + " Hz", size);
    decoder.reset();
  }

  /// A piece is open: where does it lie, what is missing before it?
  void begin_decoding() {
    const SoundPiece& piece = map.pieces[next_piece - 1];
    const auto rate = static_cast<std::uint64_t>(decoder->rate_hz());
    const std::uint64_t ticks = piece.timeline_hz > 0 ? piece.timeline_hz : rate;
    std::optional<std::uint64_t> start = piece.start;
    if (!start && piece.end) {
      const std::uint64_t length = decoder->frames() * ticks / rate;
      start = *piece.end - std::min(*piece.end, length);
    }
    if (piece.begins_link) {
      link_begin = position;
      link_origin = piece.origin.value_or(start.value_or(0));
    }
    std::optional<std::uint64_t> lost;
    if (start && (!piece.begins_link || piece.origin)) {
      const std::uint64_t since = *start - std::min(*start, link_origin);
      const std::uint64_t at = link_begin + since * static_cast<std::uint64_t>(rate_hz) / ticks;
      lost = at - std::min(at, position);
    }
    if (piece.begins_link && lost == 0) lost.reset();  // what was lost before the link is not on its timeline
    settle(lost);

    resamplers.clear();
    if (decoder->rate_hz() != rate_hz) {
      for (int i = 0; i < decoder->channels(); ++i) resamplers.emplace_back(decoder->rate_hz(), rate_hz);
    }
    buffer_channels = static_cast<std::size_t>(decoder->channels());
    decoded.resize(kBlockFrames * buffer_channels);
  }

  /// The decoder's next block into the buffer; false at its end.
  bool decode() {
    for (;;) {
      const std::size_t got = decoder->read(decoded);
      if (to_skip > 0 && got > 0) {
        const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(got, to_skip));
        to_skip -= skipped;
        std::copy(decoded.begin() + static_cast<std::ptrdiff_t>(skipped * buffer_channels),
                  decoded.begin() + static_cast<std::ptrdiff_t>(got * buffer_channels), decoded.begin());
        if (got > skipped) return hand_over(got - skipped);
        continue;
      }
      if (got > 0 && hand_over(got)) return true;
      if (got == 0) return !resamplers.empty() && hand_over_rest();
    }
  }

  bool hand_over(std::size_t got) {
    if (resamplers.empty()) {
      std::swap(buffer, decoded);
      if (decoded.size() < buffer.size()) decoded.resize(buffer.size());
      return fill_buffer(got);
    }
    return resample_block([this, got](std::size_t channel) {
      std::array<float, kBlockFrames> samples;
      for (std::size_t i = 0; i < got; ++i) {
        const float sample = decoded[i * buffer_channels + channel];
        samples[i] = is_sound(sample) ? sample : 0.0F;
        bad_samples += is_sound(sample) ? 0 : 1;
      }
      return resamplers[channel].process(std::span(samples).first(got));
    });
  }

  bool hand_over_rest() {
    const bool any = resample_block([this](std::size_t channel) { return resamplers[channel].finish(); });
    resamplers.clear();
    return any;
  }

  template <typename Resampled>
  bool resample_block(const Resampled& resampled) {
    std::size_t ready = 0;
    for (std::size_t channel = 0; channel < buffer_channels; ++channel) {
      const std::span<const float> samples = resampled(channel);
      ready = samples.size();
      if (buffer.size() < ready * buffer_channels) buffer.resize(ready * buffer_channels);
      for (std::size_t i = 0; i < ready; ++i) buffer[i * buffer_channels + channel] = samples[i];
    }
    return fill_buffer(ready);
  }

  bool fill_buffer(std::size_t filled) {
    buffer_begin = 0;
    buffer_end = filled;
    position += filled;
    return filled > 0;
  }

  void note(const std::string& trouble, std::uint64_t lost_bytes) {
    if (pending.trouble.empty()) pending.trouble = trouble;
    pending.bytes += lost_bytes;
  }

  /// What an unmapped file's decoder stumbled upon, or did not deliver of what it promised.
  void note_decoder() {
    if (!decoder->trouble().empty()) {
      note(decoder->trouble(), 0);
    } else if (!mapped && frames > position && !decoder->is_mpeg()) {
      note("cut short", 0);
    }
    if (!mapped && frames > 0 && !pending.trouble.empty()) map.link_samples = frames;
  }

  /// Sound follows what is pending, or the end: `lost` samples are missing, nothing: who knows.
  void settle(std::optional<std::uint64_t> lost) {
    if (pending.trouble.empty()) return;
    // A timeline that leaps by a day has begun anew.
    if (lost && *lost > std::uint64_t{86'400} * static_cast<std::uint64_t>(rate_hz)) lost.reset();
    if (lost != 0) {
      std::string line = path.string() + ": ";
      if (lost) {
        line += seconds_text(*lost, rate_hz) + " after ";
      } else {
        line += pending.bytes > 0 ? std::to_string(pending.bytes) + " bytes after " : "sound after ";
      }
      line += clock_text(position, rate_hz) + " could not be read: " + pending.trouble;
      damages.push_back({position, lost, std::move(line)});
      position += lost.value_or(0);
    }
    pending = {};
  }

  /// Behind the last piece.
  void finish() {
    at_end = true;
    note(map.trouble, map.lost_bytes);
    std::optional<std::uint64_t> lost;
    if (map.absent_bytes > 0 && position > 0) {
      const std::uint64_t frame_bytes = std::max<std::uint64_t>(1, map.present_bytes / position);
      const std::uint64_t promised = (map.present_bytes + map.absent_bytes) / frame_bytes;
      lost = promised - std::min(promised, position);
    } else if (map.link_samples && link_begin + *map.link_samples > position) {
      lost = link_begin + *map.link_samples - position;
    }
    settle(lost);
  }

  std::size_t read(std::span<float> out, std::optional<int> channel) {
    look_up();
    std::size_t done = 0;
    while (done < out.size()) {
      if (buffer_begin == buffer_end) {
        const bool more = refill();
        if (done > 0 && !damages.empty()) break;
        if (!more && position == 0) refuse();
        damages.clear();  // nobody asked
        if (!more) break;
      }
      const std::size_t taken = std::min(out.size() - done, buffer_end - buffer_begin);
      mix(out.subspan(done, taken), channel);
      buffer_begin += taken;
      done += taken;
    }
    return done;
  }

  void mix(std::span<float> out, std::optional<int> channel) {
    const float* frame = buffer.data() + buffer_begin * buffer_channels;
    if (buffer_channels == 1) {
      std::copy_n(frame, out.size(), out.begin());
      bad_samples += replace_bad_samples(out);
      return;
    }
    std::optional<std::size_t> single;
    if (channel && buffer_channels == static_cast<std::size_t>(channels)) single = static_cast<std::size_t>(*channel);
    FrameMixer mixer(single);
    for (float& sample : out) {
      sample = mixer({frame, buffer_channels});
      frame += buffer_channels;
    }
    bad_samples += mixer.take_bad_samples();
  }
};

AudioFile::AudioFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
AudioFile::~AudioFile() = default;
AudioFile::AudioFile(AudioFile&&) noexcept = default;
AudioFile& AudioFile::operator=(AudioFile&&) noexcept = default;

int AudioFile::rate_hz() const noexcept {
  return impl_->rate_hz;
}
int AudioFile::channels() const noexcept {
  return impl_->channels;
}
std::uint64_t AudioFile::frames() const noexcept {
  return impl_->frames;
}

std::optional<SoundDamage> AudioFile::next_damage() {
  impl_->look_up();
  if (impl_->damages.empty() && impl_->buffer_begin == impl_->buffer_end) impl_->refill();
  if (impl_->damages.empty()) return std::nullopt;
  SoundDamage damage = std::move(impl_->damages.front());
  impl_->damages.pop_front();
  return damage;
}

bool AudioFile::at_end() const noexcept {
  return impl_->at_end && impl_->buffer_begin == impl_->buffer_end;
}

std::size_t AudioFile::read_mono(std::span<float> out) {
  return impl_->read(out, std::nullopt);
}

std::size_t AudioFile::read_channel(int channel, std::span<float> out) {
  if (channel < 0 || channel >= impl_->channels) {
    throw Error(ExitCode::config, impl_->path.string() + ": found " + std::to_string(impl_->channels) +
                                      " channels, expected one at index " + std::to_string(channel));
  }
  return impl_->read(out, channel);
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
