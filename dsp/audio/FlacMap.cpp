// map_flac: frames whose checksums are right -> links and pieces.
#include <algorithm>
#include <utility>

#include <boost/crc.hpp>

#include "dsp/audio/ContainerNumbers.h"
#include "dsp/audio/FlacFrames.h"
#include "dsp/audio/SoundMap.h"

namespace earshot {
namespace {

constexpr std::string_view kMarker = "fLaC";
constexpr std::size_t kHeadBytes = 4 + 4 + kFlacStreamInfoBytes;
constexpr std::uint64_t kMostFrameBytes = std::uint64_t{1} << 20;  // where the stream does not tell

// Beginnings of frames that have no end cost a look at up to the longest frame each: more of them than this many
// times the file were put there by somebody.
constexpr std::uint64_t kMostLooks = 64;

class FlacMapper {
 public:
  explicit FlacMapper(const FileBytes& file) : window_(file) {}

  SoundMap map() {
    while (offset_ < window_.size()) {
      if (const std::uint64_t tag = tag_bytes(window_, offset_)) {
        offset_ += tag;
      } else if (!begin_stream() && !take_frame() && !skip_junk()) {
        break;
      }
    }
    if (map_.pieces.empty()) return {};
    map_.lost_bytes = lost_bytes_;
    if (lost_bytes_ > 0 || next_sample_ < info_.samples) map_.trouble = "cut short or damaged";
    if (info_.samples > 0) map_.link_samples = info_.samples;
    return std::move(map_);
  }

 private:
  /// "fLaC" and its metadata, up to the first frame.
  bool begin_stream() {
    const std::string_view bytes = window_.at(offset_, kHeadBytes);
    if (bytes.size() < kHeadBytes || !bytes.starts_with(kMarker) || (bytes[4] & 0x7F) != 0) return false;
    if (number_of(bytes.substr(5, 3), ByteOrder::big) != kFlacStreamInfoBytes) return false;
    head_ = bytes;
    head_[4] = static_cast<char>(0x80);  // no metadata but this
    info_ = flac_stream_info(bytes.substr(8));
    bool last = static_cast<unsigned char>(bytes[4]) >= 0x80;
    offset_ += kHeadBytes;
    while (!last) {
      const std::string_view block = window_.at(offset_, 4);
      if (block.size() < 4 || (block[0] & 0x7F) > 6) break;  // damaged: the frames are found all the same
      last = static_cast<unsigned char>(block[0]) >= 0x80;
      offset_ += 4 + number_of(block.substr(1), ByteOrder::big);
    }
    next_sample_ = 0;
    link_begins_ = true;
    return true;
  }

  bool take_frame() {
    if (head_.empty()) return false;
    const auto frame = flac_frame_at(window_.at(offset_, kMostFlacHeaderBytes), info_);
    if (!frame || frame->start < next_sample_) return false;
    const std::uint64_t end = end_of(*frame);
    if (end == 0) return false;
    if (link_begins_ || frame->start != next_sample_) {  // else junk between whole frames: nothing is missing
      SoundPiece piece;
      piece.head = head_;
      piece.begins_link = std::exchange(link_begins_, false);
      piece.lost_bytes = lost_bytes_;
      piece.start = frame->start;
      if (piece.begins_link) piece.origin = 0;
      if (lost_bytes_ > 0 || frame->start != next_sample_) piece.trouble = "FLAC frames missing or damaged";
      map_.pieces.push_back(std::move(piece));
    }
    lost_bytes_ = 0;
    map_.pieces.back().append({offset_, end - offset_});
    next_sample_ = frame->start + frame->samples;
    map_.pieces.back().end = next_sample_;
    offset_ = end;
    return true;
  }

  /// Where the frame at `offset_` ends: where another begins, or a stream, a tag, nothing, and the checksum
  /// of what lies between is right; 0 if nowhere.
  std::uint64_t end_of(const FlacFrame& frame) {
    boost::crc_optimal<16, 0x8005, 0, 0, false, false> checksum;
    // Behind the stream's last one anything may lie: its checksum alone must do.
    const bool is_last = frame.start + frame.samples == info_.samples;
    const std::uint64_t longest = info_.most_frame_bytes > 0 ? info_.most_frame_bytes : kMostFrameBytes;
    const std::uint64_t most = std::min(window_.size(), offset_ + longest);
    if (looked_in_vain_bytes_ / kMostLooks > window_.size()) return 0;
    std::uint64_t done = offset_;
    for (std::uint64_t at = offset_ + 1; at <= most; ++at) {
      if (at < window_.size() && !is_last && !may_end(at, frame)) continue;
      while (done < at) {
        const std::string_view bytes =
            window_.at(done, static_cast<std::size_t>(std::min<std::uint64_t>(at - done, 1 << 16)));
        if (bytes.empty()) return 0;
        checksum.process_bytes(bytes.data(), bytes.size());
        done += bytes.size();
      }
      if (checksum.checksum() == 0) return at;  // it covers its own two bytes
    }
    looked_in_vain_bytes_ += most - offset_;
    return 0;
  }

  bool may_end(std::uint64_t at, const FlacFrame& frame) {
    const std::string_view bytes = window_.at(at, kMostFlacHeaderBytes);
    if (bytes.empty()) return false;
    if (bytes[0] != '\xFF') return bytes.starts_with(kMarker) || tag_bytes(window_, at) > 0;
    const auto next = flac_frame_at(bytes, info_);
    return next && next->start > frame.start;
  }

  bool skip_junk() {
    if (map_.pieces.empty() && lost_bytes_ > kMostJunkBytes) return false;
    std::uint64_t to = offset_ + 1;
    for (; to < window_.size(); ++to) {
      const std::string_view bytes = window_.at(to, 4);
      if (bytes.empty() || bytes[0] == '\xFF' || bytes == kMarker || tag_bytes(window_, to) > 0) break;
    }
    lost_bytes_ += to - offset_;
    offset_ = to;
    return true;
  }

  ByteWindow window_;
  SoundMap map_;
  std::uint64_t offset_ = 0;
  std::uint64_t lost_bytes_ = 0;  // since the last frame
  std::uint64_t looked_in_vain_bytes_ = 0;

  std::string head_;  // of the link
  FlacStreamInfo info_;
  bool link_begins_ = false;
  std::uint64_t next_sample_ = 0;
};

}  // namespace

SoundMap map_flac(const FileBytes& file) {
  return FlacMapper(file).map();
}

}  // namespace earshot
