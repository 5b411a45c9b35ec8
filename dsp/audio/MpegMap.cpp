// map_mpeg: frame headers -> links and pieces. A decoder would search for the next frame by itself, and
// neither count what is missing nor read on behind another stream's beginning.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "dsp/audio/ContainerNumbers.h"
#include "dsp/audio/SoundMap.h"

namespace earshot {
namespace {

constexpr int kFramesInARow = 3;  // that make a beginning, so that no junk looks like one

/// ISO 11172-3, 2.4.2.3; ISO 13818-3 for the lower rates.
struct MpegFrame {
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;
  unsigned rate_hz = 0;
  unsigned channels = 0;
  unsigned layer = 0;
  std::uint64_t side_bytes = 0;  // of layer III, between header and data

  bool is_like(const MpegFrame& other) const noexcept {
    return rate_hz == other.rate_hz && layer == other.layer && channels == other.channels;
  }
};

std::optional<MpegFrame> frame_at(ByteWindow& window, std::uint64_t offset) {
  const std::string_view bytes = window.at(offset, 4);
  if (bytes.size() < 4) return std::nullopt;
  const auto header = static_cast<std::uint32_t>(number_of(bytes, ByteOrder::big));
  const unsigned version = header >> 19U & 3U;  // 0: 2.5, 2: 2, 3: 1
  const unsigned layer_code = header >> 17U & 3U;
  const unsigned bitrate_code = header >> 12U & 15U;
  const unsigned rate_code = header >> 10U & 3U;
  if (header >> 21U != 0x7FFU || version == 1 || layer_code == 0 || bitrate_code == 15 || bitrate_code == 0 ||
      rate_code == 3) {
    return std::nullopt;
  }
  constexpr std::array<std::array<unsigned, 14>, 5> kKilobits{
      {{32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
       {32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
       {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
       {32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
       {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}}};
  constexpr std::array kRates{44'100U, 48'000U, 32'000U};
  MpegFrame frame;
  const bool first = version == 3;
  frame.layer = 4 - layer_code;
  const std::size_t row = first ? frame.layer - 1 : frame.layer == 1 ? 3 : 4;
  const unsigned bits_per_second = 1000 * kKilobits[row][bitrate_code - 1];
  frame.rate_hz = kRates[rate_code] >> (first ? 0U : version == 2 ? 1U : 2U);
  frame.channels = (header >> 6U & 3U) == 3 ? 1 : 2;
  const unsigned padding = header >> 9U & 1U;
  if (frame.layer == 1) {
    frame.samples = 384;
    frame.bytes = std::uint64_t{12 * bits_per_second / frame.rate_hz + padding} * 4;
  } else {
    frame.samples = frame.layer == 3 && !first ? 576 : 1152;
    frame.bytes = frame.samples / 8 * bits_per_second / frame.rate_hz + padding;
  }
  if (frame.layer == 3) {
    const bool mono = frame.channels == 1;
    frame.side_bytes = first ? (mono ? 17 : 32) : (mono ? 9 : 17);
  }
  return frame;
}

/// What an encoder says of the stream in a frame without sound, Xing's or VBRI's.
struct StreamNote {
  std::uint64_t frames = 0;  // 0: not told
  std::uint64_t delay = 0;   // samples before the sound that a decoder leaves out
  std::uint64_t trim = 0;    // those and the ones after it
};

std::optional<StreamNote> note_in(ByteWindow& window, std::uint64_t offset, const MpegFrame& frame) {
  const std::string_view bytes = window.at(offset, static_cast<std::size_t>(frame.bytes));
  if (frame.layer != 3 || bytes.size() < frame.bytes) return std::nullopt;
  const auto at = [&bytes](std::size_t from, std::size_t count) {
    return from + count <= bytes.size() ? bytes.substr(from, count) : std::string_view{};
  };
  if (at(36, 4) == "VBRI") {
    return StreamNote{.frames = number_of(at(50, 4), ByteOrder::big)};
  }
  const auto xing = static_cast<std::size_t>(4 + frame.side_bytes);
  if (at(xing, 4) != "Xing" && at(xing, 4) != "Info") return std::nullopt;
  StreamNote note;
  const std::uint64_t flags = number_of(at(xing + 4, 4), ByteOrder::big);
  std::size_t next = xing + 8;
  if ((flags & 1U) != 0) note.frames = number_of(at(std::exchange(next, next + 4), 4), ByteOrder::big);
  next += (flags & 2U) != 0 ? 4 : 0;
  next += (flags & 4U) != 0 ? 100 : 0;
  next += (flags & 8U) != 0 ? 4 : 0;
  // LAME's extension: twelve bits of delay, twelve of padding, 21 bytes on; a decoder adds 529 of its own.
  constexpr std::uint64_t kDecoderDelay = 529;
  if (const std::string_view lame = at(next, 24); lame.size() == 24 && lame[0] != '\0') {
    const std::uint64_t both = number_of(lame.substr(21, 3), ByteOrder::big);
    note.delay = (both >> 12U) + kDecoderDelay;
    note.trim = (both >> 12U) + (both & 0xFFFU);
  }
  return note;
}

class MpegMapper {
 public:
  explicit MpegMapper(const FileBytes& file) : window_(file) {}

  SoundMap map() {
    while (offset_ < window_.size()) {
      if (const std::uint64_t tag = tag_bytes(window_, offset_)) {
        offset_ += tag;
        in_row_ = false;
        continue;
      }
      const auto frame = frame_at(window_, offset_);
      if (frame && offset_ + frame->bytes <= window_.size() && belongs(*frame)) {
        take(*frame);
      } else if (!skip_junk()) {
        break;
      }
    }
    if (map_.pieces.empty()) return {};
    finish();
    return std::move(map_);
  }

 private:
  /// A frame like those before it, right behind them; else it must be the first of several.
  bool belongs(const MpegFrame& frame) {
    if (in_row_ && frame.is_like(last_)) return true;
    std::uint64_t next = offset_;
    for (int i = 0; i < kFramesInARow; ++i) {
      const auto follower = frame_at(window_, next);
      if (!follower || !follower->is_like(frame)) {
        // A short stream may end, or be followed by a tag, before the third.
        return i > 0 && (next >= window_.size() || tag_bytes(window_, next) > 0);
      }
      next += follower->bytes;
    }
    return true;
  }

  void take(const MpegFrame& frame) {
    const auto note = note_in(window_, offset_, frame);
    const bool another = map_.pieces.empty() || note || !frame.is_like(last_);
    if (another) {
      begin_link(note);
    } else if (!in_row_ && lost_bytes_ > 0) {
      begin_piece(frame);
    }
    if (!note) {
      ++frames_;
      frame_bytes_ += frame.bytes;
      varies_ = varies_ || (frames_ > 1 && frame.bytes + 1 < last_.bytes) ||
                (frames_ > 1 && frame.bytes > last_.bytes + 1);
    }
    map_.pieces.back().append({offset_, frame.bytes});
    offset_ += frame.bytes;
    last_ = frame;
    in_row_ = true;
    lost_bytes_ = 0;
  }

  void begin_link(const std::optional<StreamNote>& note) {
    close_link();
    SoundPiece piece;
    piece.lost_bytes = lost_bytes_;
    if (lost_bytes_ > 0) piece.trouble = "no MPEG frames there";
    note_ = note.value_or(StreamNote{});
    has_note_ = note.has_value();
    frames_ = 0;
    lost_frames_ = 0;
    frame_bytes_ = 0;
    varies_ = false;
    map_.pieces.push_back(std::move(piece));
    link_at_ = map_.pieces.size() - 1;
  }

  void begin_piece(const MpegFrame& frame) {
    SoundPiece piece;
    piece.begins_link = false;
    piece.lost_bytes = lost_bytes_;
    piece.trouble = "no MPEG frames there";
    // As many frames as would have had room, going by the others of the stream.
    const std::uint64_t mean = std::max<std::uint64_t>(1, frames_ > 0 ? frame_bytes_ / frames_ : frame.bytes);
    const std::uint64_t guess = (lost_bytes_ + mean / 2) / mean;
    lost_frames_ += guess;
    const std::uint64_t weight = std::max<std::uint64_t>(1, guess) + (holes_.empty() ? 0 : holes_.back().weight);
    holes_.push_back({map_.pieces.size(), frames_, weight});
    map_.pieces.push_back(std::move(piece));
    place(holes_.back(), lost_frames_, frame.samples);
  }

  struct Hole {
    std::size_t piece = 0;  // behind it
    std::uint64_t frames = 0;
    std::uint64_t weight = 0;  // of all holes so far: frames lost, as guessed, one at least in each
  };

  void place(const Hole& hole, std::uint64_t lost, std::uint64_t frame_samples) {
    const std::uint64_t at = (hole.frames + lost) * frame_samples;
    map_.pieces[hole.piece].start = at - std::min(at, note_.delay);
  }

  /// With frames of varying size a hole's length is a guess; if the stream tells how many frames it has and
  /// none are missing at its end, all holes together are not.
  void place_holes() {
    if (!holes_.empty() && lost_bytes_ == 0 && note_.frames > frames_) {
      const std::uint64_t lost = note_.frames - frames_;
      for (const Hole& hole : holes_) place(hole, hole.weight * lost / holes_.back().weight, last_.samples);
      lost_frames_ = lost;
    }
    holes_.clear();
  }

  /// A stream of varying bitrate without a note: a decoder would guess its length from the first frames and
  /// stop there. It gets a note.
  void close_link() {
    if (map_.pieces.empty()) return;
    const std::vector<Hole> holes = holes_;
    place_holes();
    if (!varies_) return;
    // Behind a hole, too: what the link's own note says is of the whole.
    for (std::size_t i = link_at_; i < map_.pieces.size(); ++i) {
      if (i == link_at_ && has_note_) continue;
      const std::uint64_t begin = i == link_at_ ? 0 : holes[i - link_at_ - 1].frames;
      const std::uint64_t end = i + 1 < map_.pieces.size() ? holes[i - link_at_].frames : frames_;
      add_note(map_.pieces[i], end - begin);
    }
  }

  void add_note(SoundPiece& piece, std::uint64_t frames) {
    const auto frame = frame_at(window_, piece.body.front().offset);
    const auto xing = static_cast<std::size_t>(4 + frame->side_bytes);
    if (frame->layer != 3 || frame->bytes < xing + 16) return;
    piece.head.assign(static_cast<std::size_t>(frame->bytes), '\0');
    piece.head.replace(0, 4, window_.at(piece.body.front().offset, 4));
    piece.head[1] = static_cast<char>(static_cast<unsigned char>(piece.head[1]) | 1U);  // no CRC
    piece.head.replace(xing, 4, "Xing");
    put_number(piece.head, xing + 4, 4, 3, ByteOrder::big);
    put_number(piece.head, xing + 8, 4, frames, ByteOrder::big);
    put_number(piece.head, xing + 12, 4, piece.body_bytes(), ByteOrder::big);
    wrote_note_ = true;
  }

  /// To where a frame may begin next; false if there is none.
  bool skip_junk() {
    if (map_.pieces.empty() && lost_bytes_ > kMostJunkBytes) return false;
    std::uint64_t to = offset_ + 1;
    for (; to < window_.size(); ++to) {
      const std::string_view bytes = window_.at(to, 1);
      if (bytes.empty() || bytes[0] == '\xFF') break;
      const bool may_be_tag = std::string_view("ITAL").find(bytes[0]) != std::string_view::npos;
      if (may_be_tag && tag_bytes(window_, to) > 0) break;
    }
    lost_bytes_ += to - offset_;
    offset_ = to;
    in_row_ = false;
    return true;
  }

  void finish() {
    close_link();
    map_.lost_bytes = lost_bytes_;
    const std::uint64_t there = frames_ + lost_frames_;
    if (lost_bytes_ > 0) map_.trouble = "cut short or damaged";
    if (note_.frames > there + 1) {  // some encoders count the note
      map_.trouble = "cut short";
      const std::uint64_t samples = note_.frames * last_.samples;
      map_.link_samples = samples - std::min(samples, note_.trim);
    }
    map_.plain = map_.pieces.size() == 1 && map_.pieces[0].trouble.empty() && !wrote_note_;
  }

  ByteWindow window_;
  SoundMap map_;
  std::uint64_t offset_ = 0;
  std::uint64_t lost_bytes_ = 0;  // since the last frame
  bool in_row_ = false;           // the last frame ends here
  MpegFrame last_;

  StreamNote note_;  // of the link
  bool has_note_ = false;
  std::size_t link_at_ = 0;  // its first piece
  std::uint64_t frames_ = 0;
  std::uint64_t lost_frames_ = 0;
  std::vector<Hole> holes_;
  std::uint64_t frame_bytes_ = 0;
  bool varies_ = false;
  bool wrote_note_ = false;
};

}  // namespace

SoundMap map_mpeg(const FileBytes& file) {
  return MpegMapper(file).map();
}

std::uint64_t tag_bytes(ByteWindow& window, std::uint64_t offset) {
  const std::string_view bytes = window.at(offset, 32);
  const std::uint64_t left = window.size() - std::min(window.size(), offset);
  const auto number = [&bytes](std::size_t at) { return number_of(bytes.substr(at, 4), ByteOrder::little); };
  if (bytes.size() >= 10 && bytes.starts_with("ID3")) {  // id3.org, ID3v2.4, 3.1
    std::uint64_t size = 0;
    for (const char byte : bytes.substr(6, 4)) size = size << 7U | (static_cast<unsigned char>(byte) & 0x7FU);
    const bool has_footer = (static_cast<unsigned char>(bytes[5]) & 0x10U) != 0;
    return std::min(left, size + (has_footer ? 20 : 10));
  }
  if (bytes.starts_with("TAG") && left >= 128) return 128;
  if (bytes.size() == 32 && bytes.starts_with("APETAGEX")) {
    // APEv2: the size counts the footer, not the header.
    const bool is_header = (number(20) & 0x2000'0000U) != 0;
    return std::min(left, is_header ? number(12) + 32 : 32);
  }
  if (bytes.starts_with("LYRICSBEGIN")) {
    constexpr std::size_t kMostLyrics = std::size_t{1} << 13;  // 5100 of Lyrics3 1.00; it is asked for at many places
    const std::size_t end = window.at(offset, kMostLyrics).find("LYRICS200");
    return end == std::string_view::npos ? 0 : end + 9;
  }
  return 0;
}

}  // namespace earshot
