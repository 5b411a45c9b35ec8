// map_ogg: pages -> links -> pieces without a hole.
#include <algorithm>
#include <utility>
#include <vector>

#include "dsp/audio/ContainerNumbers.h"
#include "dsp/audio/FlacFrames.h"
#include "dsp/audio/OggPages.h"
#include "dsp/audio/SoundMap.h"

namespace earshot {
namespace {

constexpr std::size_t kMostHeadsBytes = std::size_t{256} << 20U;  // headers with a cover, once a piece

constexpr std::string_view kCapture = "OggS";
constexpr std::size_t kMostHeadBytes = std::size_t{64} << 20;  // comments may hold a picture
constexpr std::uint64_t kOpusHz = 48'000;                      // of its granule positions (RFC 7845, 4)

enum class Codec { unknown, vorbis, opus, flac };

Codec codec_of(std::string_view packet) noexcept {
  if (packet.starts_with("\x01vorbis")) return Codec::vorbis;
  if (packet.starts_with("OpusHead") && packet.size() >= 19) return Codec::opus;
  if (packet.starts_with("\x7F"
                         "FLAC") &&
      packet.size() >= 9 + 8 + kFlacStreamInfoBytes) {
    return Codec::flac;
  }
  return Codec::unknown;
}

class OggMapper {
 public:
  explicit OggMapper(const FileBytes& file) : window_(file) {}

  SoundMap map() {
    for (std::uint64_t offset = 0; offset < window_.size();) {
      const auto page = ogg_page_at(window_, offset);
      if (page) {
        take(*page);
        offset = page->end();
        continue;
      }
      if (const std::uint64_t tag = tag_bytes(window_, offset)) {
        offset += tag;
        continue;
      }
      const std::uint64_t next = window_.find(kCapture, offset + 1);
      lost_bytes_ += next - offset;
      offset = next;
      if (!any_page_ && offset > kMostJunkBytes) break;
    }
    if (map_.pieces.empty()) return {};
    finish();
    return std::move(map_);
  }

 private:
  void take(const OggPage& page) {
    any_page_ = true;
    if (page.begins_stream) return begin(page);
    only_beginnings_ = false;
    if (codec_ == Codec::unknown || page.serial != serial_) {
      // Of a stream beside ours; or of one that cannot be read: its beginning is lost or its codec unknown.
      if (!group_has_sound_ || !is_foreign(page.serial)) lost_bytes_ += page.end() - page.offset;
      return;
    }
    const bool in_sequence = page.sequence == sequence_ + 1;
    sequence_ = page.sequence;
    ended_ = page.ends_stream;
    if (headers_left_ > 0) {
      take_header(page, in_sequence);
    } else if (!broken_) {
      take_sound(page, in_sequence);
    } else {
      lost_bytes_ += page.end() - page.offset;
    }
  }

  void begin(const OggPage& page) {
    const std::string_view bytes =
        window_.at(page.offset, static_cast<std::size_t>(page.header_bytes + page.body_bytes));
    const Codec codec = codec_of(bytes.substr(static_cast<std::size_t>(page.header_bytes)));
    if (!std::exchange(only_beginnings_, true)) {
      foreign_.clear();
      group_has_sound_ = false;
    }
    if (codec == Codec::unknown || group_has_sound_) {
      foreign_.push_back(page.serial);
      return;
    }
    group_has_sound_ = true;
    codec_ = codec;
    serial_ = page.serial;
    sequence_ = page.sequence;
    broken_ = false;
    ended_ = page.ends_stream;
    first_head_bytes_ = static_cast<std::size_t>(page.header_bytes);
    first_page_bytes_ = bytes.size();
    header_offset_ = page.offset;
    new_link_ = true;
    if (codec == Codec::flac) {
      const std::string_view packet = bytes.substr(first_head_bytes_);
      // 0: as many as there are, until the last one says so.
      headers_left_ = static_cast<unsigned>(number_of(packet.substr(7, 2), ByteOrder::big));
      unknown_headers_ = headers_left_ == 0;
      if (unknown_headers_) headers_left_ = 1;
      info_ = flac_stream_info(packet.substr(9 + 8));
      head_ = packet.substr(9);
    } else {
      headers_left_ = codec == Codec::vorbis ? 2 : 1;
      unknown_headers_ = false;
      head_ = bytes;
    }
  }

  void take_header(const OggPage& page, bool in_sequence) {
    const std::string_view bytes =
        window_.at(page.offset, static_cast<std::size_t>(page.header_bytes + page.body_bytes));
    const std::string_view body = bytes.substr(static_cast<std::size_t>(page.header_bytes));
    if (codec_ == Codec::flac && unknown_headers_ && flac_frame_at(body, info_)) {
      headers_left_ = 0;
      return take_sound(page, in_sequence);
    }
    if (!in_sequence || head_.size() > kMostHeadBytes) {
      broken_ = true;
      headers_left_ = 0;
      lost_bytes_ += page.end() - page.offset;
      return;
    }
    head_ += codec_ == Codec::flac ? body : bytes;
    if (!unknown_headers_) headers_left_ -= std::min(headers_left_, page.packets);
  }

  void take_sound(const OggPage& page, bool in_sequence) {
    if (new_link_ || !in_sequence) {
      heads_bytes_ += head_.size();
      if (heads_bytes_ > kMostHeadsBytes) {
        broken_ = true;
        lost_bytes_ += page.end() - page.offset;
        return;
      }
      begin_piece(page, in_sequence);
    }
    lost_bytes_ = 0;  // in sequence: what lies between held none of this sound
    SoundPiece& piece = map_.pieces.back();
    if (codec_ == Codec::flac) {
      take_flac(page, piece);
    } else {
      piece.append({page.offset, page.end() - page.offset});
      if (page.granule >= 0) piece.end = static_cast<std::uint64_t>(page.granule);
    }
  }

  void begin_piece(const OggPage& page, bool in_sequence) {
    SoundPiece piece;
    piece.begins_link = std::exchange(new_link_, false);
    const bool after_hole = !in_sequence;
    piece.lost_bytes = std::exchange(lost_bytes_, 0);
    if (after_hole || piece.lost_bytes > 0) piece.trouble = "a hole in the Ogg stream or damaged pages";
    piece.head = head_;
    piece.timeline_hz = codec_ == Codec::opus ? kOpusHz : 0;
    if (after_hole) {
      if (piece.begins_link) piece.origin = codec_ == Codec::opus ? pre_skip(head_) : 0;
      // What a decoder leaves out at a stream's begin is sound here.
      if (codec_ == Codec::opus) {
        put_number(piece.head, first_head_bytes_ + 10, 2, 0, ByteOrder::little);
        set_ogg_checksum(piece.head, first_page_bytes_);
      }
    }
    if (map_.pieces.empty() && piece.trouble.empty() && header_offset_ == 0) plain_ = true;
    map_.pieces.push_back(std::move(piece));
    wants_packet_ = page.continues_packet;
  }

  void take_flac(const OggPage& page, SoundPiece& piece) {
    // Frames are packets, and packets lie in pages without anything between.
    std::uint64_t skipped = 0;
    if (wants_packet_) {
      if (page.packets == 0) return;
      skipped = page.first_bytes;
      wants_packet_ = false;
    }
    const std::uint64_t begin = page.offset + page.header_bytes + skipped;
    if (begin == page.end()) return;
    if (piece.body.empty()) {
      if (const auto frame = flac_frame_at(window_.at(begin, kMostFlacHeaderBytes), info_)) {
        piece.start = frame->start;
        if (piece.begins_link && !piece.origin) piece.origin = 0;
      }
    }
    piece.append({begin, page.end() - begin});
  }

  std::uint64_t pre_skip(std::string_view head) const noexcept {
    return number_of(head.substr(first_head_bytes_ + 10, 2), ByteOrder::little);
  }

  void finish() {
    map_.lost_bytes = lost_bytes_;
    if (lost_bytes_ > 0) {
      map_.trouble = "cut short or damaged";
    } else if (!ended_) {
      map_.trouble = "the Ogg stream has no end, it may have been cut there";
    }
    if (codec_ == Codec::flac && info_.samples > 0) map_.link_samples = info_.samples;
    map_.plain = plain_ && map_.pieces.size() == 1;
  }

  bool is_foreign(std::uint32_t serial) const noexcept {
    for (const std::uint32_t foreign : foreign_) {
      if (foreign == serial) return true;
    }
    return false;
  }

  ByteWindow window_;
  SoundMap map_;
  std::uint64_t lost_bytes_ = 0;  // since the last page of sound
  std::size_t heads_bytes_ = 0;   // of all pieces
  bool any_page_ = false;
  bool plain_ = false;

  Codec codec_ = Codec::unknown;  // of the link
  std::uint32_t serial_ = 0;
  std::uint32_t sequence_ = 0;
  bool only_beginnings_ = true;  // so far, of this group of streams side by side
  bool group_has_sound_ = false;
  std::vector<std::uint32_t> foreign_;
  bool new_link_ = false;
  bool broken_ = false;  // its headers are
  bool ended_ = false;
  unsigned headers_left_ = 0;
  bool unknown_headers_ = false;
  std::string head_;
  std::size_t first_head_bytes_ = 0;
  std::size_t first_page_bytes_ = 0;
  std::uint64_t header_offset_ = 0;
  FlacStreamInfo info_;
  bool wants_packet_ = false;
};

}  // namespace

SoundMap map_ogg(const FileBytes& file) {
  return OggMapper(file).map();
}

}  // namespace earshot
