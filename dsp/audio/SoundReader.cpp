#include "dsp/audio/SoundReader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>

#include "dsp/audio/BadSamples.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kBlockFrames = 4096;
static_assert(kBlockFrames <= Resampler::kMaxChunk);

SoundPiece whole(const FileBytes& bytes) {
  SoundPiece piece;
  piece.append({0, bytes.size()});
  return piece;
}

}  // namespace

SoundReader::SoundReader(const std::filesystem::path& file) : path_(file), bytes_(file) {
  if (bytes_.size() == 0) throw Error(ExitCode::bad_data, path_.string() + ": is empty, expected a sound");
  map_ = map_chunks(bytes_);
  mapped_ = !map_.pieces.empty();
  if (!mapped_) map_.pieces.push_back(whole(bytes_));
  open_first();
  if (!refill() && !(restart_from_map() && refill())) refuse();
}

void SoundReader::refuse() const {
  throw Error(ExitCode::bad_data, path_.string() + ": found no samples, expected a sound");
}

/// The first piece that can be opened tells rate and channels.
void SoundReader::open_first() {
  try {
    decoder_.emplace(path_, bytes_, map_.pieces[0]);
  } catch (const Error&) {
    if (!find_pieces()) throw;
    while (next_piece_ < map_.pieces.size() && !decoder_) try_open(map_.pieces[next_piece_++]);
    if (!decoder_) throw;
    next_piece_ = 0;
  }
  rate_hz_ = decoder_->rate_hz();
  channels_ = decoder_->channels();
  frames_ = decoder_->frames();
  if (channels_ < 1 || rate_hz_ < Resampler::kMinRateHz || rate_hz_ > Resampler::kMaxRateHz) {
    throw Error(ExitCode::bad_data, path_.string() + ": found " + std::to_string(channels_) +
                                        " channels at " + std::to_string(rate_hz_) + " Hz, expected one at least, at " +
                                        std::to_string(Resampler::kMinRateHz) + " to " +
                                        std::to_string(Resampler::kMaxRateHz) + " Hz");
  }
  if (next_piece_ == 0 && pending_.trouble.empty()) {
    next_piece_ = 1;
    begin_decoding();
  } else {
    decoder_.reset();
    pending_ = {};
  }
}

/// Looks for sound in a file that no decoder takes as it is.
bool SoundReader::find_pieces() {
  if (mapped_) return false;
  for (const auto look : {map_ogg, map_flac, map_mpeg}) {
    SoundMap found = look(bytes_);
    if (found.pieces.empty()) continue;
    map_ = std::move(found);
    mapped_ = true;
    return true;
  }
  return false;
}

bool SoundReader::starts_with(std::string_view what) const {
  std::array<char, 4> begin{};
  return bytes_.read(0, begin) == begin.size() && std::string_view(begin.data(), begin.size()) == what;
}

/// Before more than the first block is believed: Ogg and MPEG decoders say nothing of holes and of what lies
/// behind their stream's end. Reads the whole file, which decoding is about to do anyway.
void SoundReader::look_up() {
  if (std::exchange(looked_up_, true) || mapped_ || !decoder_) return;
  if (starts_with("OggS")) {
    take_map(map_ogg(bytes_));
  } else if (decoder_->is_mpeg()) {
    take_map(map_mpeg(bytes_));
  }
}

void SoundReader::take_map(SoundMap found) {
  if (found.pieces.empty()) return;
  mapped_ = true;
  const bool plain = found.plain;
  map_ = std::move(found);
  if (plain) {
    next_piece_ = map_.pieces.size();
    return;
  }
  restart();
  if (!refill()) refuse();
}

void SoundReader::restart() {
  decoder_.reset();
  next_piece_ = 0;
  begin_ = end_ = 0;
  position_ = link_begin_ = link_origin_ = bad_samples_ = 0;
  pending_ = {};
  damages_.clear();
  at_end_ = false;
}

bool SoundReader::restart_from_map() {
  if (!find_pieces()) return false;
  restart();
  return true;
}

/// The decoder of an unmapped file has ended. True if there is more after all, from `position` on.
bool SoundReader::resume_from_map() {
  if (mapped_ || !decoder_->is_flac()) return false;
  const bool whole = decoder_->trouble().empty() && (frames_ == 0 || position_ >= frames_);
  if (whole && !has_more_flac()) return false;
  SoundMap found = map_flac(bytes_);
  if (found.pieces.empty()) return false;
  map_ = std::move(found);
  mapped_ = true;
  next_piece_ = 0;
  for (std::size_t i = 1; i < map_.pieces.size() && !map_.pieces[i].begins_link; ++i) {
    if (map_.pieces[i].start.value_or(0) <= position_) next_piece_ = i;
  }
  if (next_piece_ == 0 && map_.pieces[0].start.value_or(0) > position_) return true;
  SoundPiece& piece = map_.pieces[next_piece_];
  to_skip_ = position_ - piece.start.value_or(0);
  piece.trouble.clear();
  piece.lost_bytes = 0;
  // Its link began at 0, the piece begins before what has been delivered: no link of its own.
  piece.begins_link = false;
  piece.start.reset();
  piece.end.reset();
  return true;
}

bool SoundReader::has_more_flac() const {
  constexpr std::uint64_t kReadAhead = 1 << 16;  // more than the decoder's buffer
  constexpr std::uint64_t kTag = 512;  // bytes that need be no sound
  if (bytes_.size() - std::min(bytes_.size(), decoder_->reached()) >= kTag) return true;
  ByteWindow window(bytes_);
  const std::uint64_t from = decoder_->reached() - std::min(decoder_->reached(), kReadAhead);
  // By chance, too, now and then: then it is read once more.
  return std::ranges::any_of(std::array{"fLaC", "RIFF", "OggS", "FORM", "caff"}, [&](std::string_view id) {
    return window.find(id, std::max<std::uint64_t>(from, 4)) < bytes_.size();
  });
}

/// The next block into an empty buffer; false at the end. What is missing before it goes to `damages`.
bool SoundReader::refill() {
  while (!at_end_) {
    if (decoder_) {
      if (decode()) return true;
      if (const int failure = bytes_.failure()) {
        throw Error(ExitCode::io, path_.string() + ": " + std::generic_category().message(failure));
      }
      if (!resume_from_map()) note_decoder();
      decoder_.reset();
    } else if (next_piece_ < map_.pieces.size()) {
      try_open(map_.pieces[next_piece_++]);
      if (decoder_) begin_decoding();
    } else {
      finish();
    }
  }
  return false;
}

void SoundReader::try_open(SoundPiece& piece) {
  note(piece.trouble, piece.lost_bytes);
  const std::uint64_t size = piece.body_bytes();
  try {
    decoder_.emplace(path_, bytes_, piece);
  } catch (const Error& error) {
    note(std::string(error.what()).substr(path_.string().size() + 2), size);
    return;
  }
  const int found = decoder_->rate_hz();
  const bool other = rate_hz_ > 0 && found != rate_hz_;
  if (decoder_->channels() >= 1 &&
      (!other || (found >= Resampler::kMinRateHz && found <= Resampler::kMaxRateHz &&
                  found / rate_hz_ < 256 && rate_hz_ / found < 256))) {
    return;
  }
  note("found " + std::to_string(decoder_->channels()) + " channels at " + std::to_string(found) + " Hz",
       size);
  decoder_.reset();
}

/// A piece is open: where does it lie, what is missing before it?
void SoundReader::begin_decoding() {
  const SoundPiece& piece = map_.pieces[next_piece_ - 1];
  const auto rate = static_cast<std::uint64_t>(decoder_->rate_hz());
  const std::uint64_t ticks = piece.timeline_hz > 0 ? piece.timeline_hz : rate;
  std::optional<std::uint64_t> start = piece.start;
  if (!start && piece.end) {
    const std::uint64_t length = decoder_->frames() * ticks / rate;
    start = *piece.end - std::min(*piece.end, length);
  }
  if (piece.begins_link) {
    link_begin_ = position_;
    link_origin_ = piece.origin.value_or(start.value_or(0));
    link_hz_ = decoder_->rate_hz();
  }
  std::optional<std::uint64_t> lost;
  if (start && (!piece.begins_link || piece.origin)) {
    const std::uint64_t since = *start - std::min(*start, link_origin_);
    const std::uint64_t at = link_begin_ + since * static_cast<std::uint64_t>(rate_hz_) / ticks;
    lost = at - std::min(at, position_);
  }
  if (piece.begins_link && lost == 0) lost.reset();  // what was lost before the link is not on its timeline
  settle(lost);

  resamplers_.clear();
  if (decoder_->rate_hz() != rate_hz_) {
    for (int i = 0; i < decoder_->channels(); ++i) resamplers_.emplace_back(decoder_->rate_hz(), rate_hz_);
  }
  block_channels_ = static_cast<std::size_t>(decoder_->channels());
  decoded_.resize(kBlockFrames * block_channels_);
}

/// The decoder's next block into the buffer; false at its end.
bool SoundReader::decode() {
  for (;;) {
    const std::size_t got = decoder_->read(decoded_);
    if (to_skip_ > 0 && got > 0) {
      const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(got, to_skip_));
      to_skip_ -= skipped;
      std::copy(decoded_.begin() + static_cast<std::ptrdiff_t>(skipped * block_channels_),
                decoded_.begin() + static_cast<std::ptrdiff_t>(got * block_channels_), decoded_.begin());
      if (got > skipped) return hand_over(got - skipped);
      continue;
    }
    if (got > 0 && hand_over(got)) return true;
    if (got == 0) return !resamplers_.empty() && hand_over_rest();
  }
}

bool SoundReader::hand_over(std::size_t got) {
  if (resamplers_.empty()) {
    std::swap(block_, decoded_);
    if (decoded_.size() < block_.size()) decoded_.resize(block_.size());
    return fill_buffer(got);
  }
  return resample_block([this, got](std::size_t channel) {
    std::array<float, kBlockFrames> samples;
    for (std::size_t i = 0; i < got; ++i) {
      const float sample = decoded_[i * block_channels_ + channel];
      samples[i] = is_sound(sample) ? sample : 0.0F;
      bad_samples_ += is_sound(sample) ? 0 : 1;
    }
    return resamplers_[channel].process(std::span(samples).first(got));
  });
}

bool SoundReader::hand_over_rest() {
  const bool any = resample_block([this](std::size_t channel) { return resamplers_[channel].finish(); });
  resamplers_.clear();
  return any;
}

template <typename Resampled>
bool SoundReader::resample_block(const Resampled& resampled) {
  std::size_t ready = 0;
  for (std::size_t channel = 0; channel < block_channels_; ++channel) {
    const std::span<const float> samples = resampled(channel);
    ready = samples.size();
    if (block_.size() < ready * block_channels_) block_.resize(ready * block_channels_);
    for (std::size_t i = 0; i < ready; ++i) block_[i * block_channels_ + channel] = samples[i];
  }
  return fill_buffer(ready);
}

bool SoundReader::fill_buffer(std::size_t filled) {
  begin_ = 0;
  end_ = filled;
  position_ += filled;
  return filled > 0;
}

void SoundReader::note(const std::string& trouble, std::uint64_t lost_bytes) {
  if (pending_.trouble.empty()) pending_.trouble = trouble;
  pending_.bytes += lost_bytes;
}

/// What an unmapped file's decoder stumbled upon, or did not deliver of what it promised.
void SoundReader::note_decoder() {
  if (!decoder_->trouble().empty()) {
    note(decoder_->trouble(), 0);
  } else if (!mapped_ && frames_ > position_ && !decoder_->is_mpeg()) {
    note("cut short", 0);
  }
  if (!mapped_ && frames_ > 0 && !pending_.trouble.empty()) map_.link_samples = frames_;
}

/// Sound follows what is pending, or the end: `lost` samples are missing, nothing: who knows.
void SoundReader::settle(std::optional<std::uint64_t> lost) {
  if (pending_.trouble.empty()) return;
  // A timeline that leaps by a day has begun anew.
  if (lost && *lost > std::uint64_t{86'400} * static_cast<std::uint64_t>(rate_hz_)) lost.reset();
  if (lost != 0) {
    std::string line = path_.string() + ": " + damage_text(position_, lost, pending_.bytes, rate_hz_) +
                       " could not be read: " + pending_.trouble;
    damages_.push_back({position_, lost, std::move(line)});
    position_ += lost.value_or(0);
  }
  pending_ = {};
}

/// Behind the last piece.
void SoundReader::finish() {
  at_end_ = true;
  note(map_.trouble, map_.lost_bytes);
  std::optional<std::uint64_t> lost;
  const std::uint64_t heard = position_ - link_begin_;
  if (map_.absent_bytes > 0 && heard > 0) {
    if (link_hz_ == rate_hz_ && map_.present_bytes >= heard) {
      const std::uint64_t promised =
          (map_.present_bytes + map_.absent_bytes) / (map_.present_bytes / heard);
      lost = promised - std::min(promised, heard);
    } else if (map_.present_bytes > 0) {  // less than a byte a sample, or resampled
      lost = static_cast<std::uint64_t>(std::llround(static_cast<double>(map_.absent_bytes) *
                                                     static_cast<double>(heard) /
                                                     static_cast<double>(map_.present_bytes)));
    }
    if (lost == 0) lost.reset();  // it is absent all the same
  } else if (map_.link_samples && link_hz_ > 0) {
    const std::uint64_t whole =
        *map_.link_samples * static_cast<std::uint64_t>(rate_hz_) / static_cast<std::uint64_t>(link_hz_);
    if (whole > heard) lost = whole - heard;
  }
  settle(lost);
}

std::span<const float> SoundReader::block() const noexcept {
  return std::span(block_).subspan(begin_ * block_channels_, (end_ - begin_) * block_channels_);
}

}  // namespace earshot
