// SoundReader: the pieces of a file, one decoder after another, as one sound at one rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dsp/audio/Decoder.h"
#include "dsp/audio/FileBytes.h"
#include "dsp/audio/Resampler.h"
#include "dsp/audio/SoundDamage.h"
#include "dsp/audio/SoundMap.h"

namespace earshot {

/// Reads block by block; a block is at hand from the beginning. Not thread safe.
class SoundReader {
 public:
  /// Throws as AudioFile's constructor.
  explicit SoundReader(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept { return path_; }
  int rate_hz() const noexcept { return rate_hz_; }
  /// Of the first stream.
  int channels() const noexcept { return channels_; }
  /// As the header says; 0 where it does not.
  std::uint64_t frames() const noexcept { return frames_; }

  /// To be called before the first block is taken: Ogg and MPEG decoders say nothing of holes and of what
  /// lies behind their stream's end, so the container is walked through, which reads the whole file. Throws
  /// Error(bad_data) if no decoder reads any of it.
  void look_up();

  /// The next block, once the one at hand is taken; false at the end. What is missing before it goes to
  /// damages(). Throws Error(io) if reading the file fails.
  bool refill();
  bool has_block() const noexcept { return begin_ < end_; }
  bool at_end() const noexcept { return at_end_ && !has_block(); }
  /// Interleaved frames at hand, of block_channels(); valid until the next refill().
  std::span<const float> block() const noexcept;
  std::size_t block_channels() const noexcept { return block_channels_; }
  void take(std::size_t frames) noexcept { begin_ += frames; }

  std::deque<SoundDamage>& damages() noexcept { return damages_; }
  /// Samples that are no sound and had to be taken as 0 before resampling.
  std::uint64_t& bad_samples() noexcept { return bad_samples_; }

 private:
  [[noreturn]] void refuse() const;
  void open_first();
  bool find_pieces();
  bool starts_with(std::string_view what) const;
  void take_map(SoundMap found);
  void restart();
  bool restart_from_map();
  bool resume_from_map();
  bool has_more_flac() const;
  void try_open(SoundPiece& piece);
  void begin_decoding();
  bool decode();
  bool hand_over(std::size_t got);
  bool hand_over_rest();
  template <typename Resampled>
  bool resample_block(const Resampled& resampled);
  bool fill_buffer(std::size_t filled);
  void note(const std::string& trouble, std::uint64_t lost_bytes);
  void note_decoder();
  void settle(std::optional<std::uint64_t> lost);
  void finish();

  std::filesystem::path path_;
  FileBytes bytes_;
  int rate_hz_ = 0;
  int channels_ = 0;
  std::uint64_t frames_ = 0;

  SoundMap map_;
  bool looked_up_ = false;
  bool mapped_ = false;  // what lies where has been looked up; until then the decoder is believed
  std::size_t next_piece_ = 0;
  std::optional<Decoder> decoder_;
  std::vector<Resampler> resamplers_;  // of each channel, if the piece is at another rate
  std::vector<float> decoded_;
  std::uint64_t to_skip_ = 0;  // frames of the piece that have been delivered already

  std::vector<float> block_;  // interleaved frames at rate_hz_
  std::size_t block_channels_ = 1;
  std::size_t begin_ = 0;  // frames of the block that have been taken
  std::size_t end_ = 0;
  std::uint64_t position_ = 0;  // of the block's end, lost samples included
  std::uint64_t bad_samples_ = 0;

  std::uint64_t link_begin_ = 0;   // position where the present link begins
  std::uint64_t link_origin_ = 0;  // on its own timeline
  int link_hz_ = 0;
  struct {
    std::string trouble;
    std::uint64_t bytes = 0;
  } pending_;  // unread since the last sample
  std::deque<SoundDamage> damages_;
  bool at_end_ = false;
};

}  // namespace earshot
