// SoundMap: where in a file its sound lies, piece by piece, and what is missing between. Told by reading the
// container alone; no decoder knows of holes, of streams one behind another and of headers that lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/audio/FileBytes.h"

namespace earshot {

/// Before the first page or frame that a search may find.
inline constexpr std::uint64_t kMostJunkBytes = 1 << 20;

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// What a decoder can read by itself: `head`, then the file's `body`. Pieces of one stream ("link") share a
/// timeline.
struct SoundPiece {
  std::string head;
  std::vector<ByteRange> body;
  bool begins_link = true;

  std::string trouble;           ///< why sound before it cannot be read; empty: none is missing
  std::uint64_t lost_bytes = 0;  ///< unread before it

  /// First sample and the one behind its last one, on the link's timeline of `timeline_hz` (0: the piece's
  /// own rate), as far as the container tells.
  std::optional<std::uint64_t> start;
  std::optional<std::uint64_t> end;
  std::uint64_t timeline_hz = 0;
  /// Where a link's timeline begins, if not with the start of the piece that begins it.
  std::optional<std::uint64_t> origin;

  void append(ByteRange range) {
    if (!body.empty() && body.back().offset + body.back().size == range.offset) {
      body.back().size += range.size;
    } else {
      body.push_back(range);
    }
  }
  std::uint64_t body_bytes() const noexcept {
    std::uint64_t bytes = 0;
    for (const ByteRange& range : body) bytes += range.size;
    return bytes;
  }
};

struct SoundMap {
  std::vector<SoundPiece> pieces;
  /// The whole file is one sound stream: a decoder that is handed all of it reads what is there.
  bool plain = false;

  std::string trouble;                        ///< why what lies behind the last piece cannot be read, or is
                                              ///< not there; empty: nothing is missing
  std::uint64_t lost_bytes = 0;               ///< there, but not readable
  std::uint64_t absent_bytes = 0;             ///< promised, but not there
  std::uint64_t present_bytes = 0;            ///< of those promised
  std::optional<std::uint64_t> link_samples;  ///< how long the last link should have been, at its rate
};

/// Ogg: Vorbis, Opus, FLAC. No pieces if it holds none of them.
SoundMap map_ogg(const FileBytes& file);
/// MPEG audio, layers I to III, with whatever tags.
SoundMap map_mpeg(const FileBytes& file);
/// Native FLAC. Reads every byte: for files that a decoder stumbled upon.
SoundMap map_flac(const FileBytes& file);
/// WAV, RF64, W64, AIFF, CAF, AU.
SoundMap map_chunks(const FileBytes& file);

/// Bytes of an ID3v2, ID3v1, APE or Lyrics3 tag that begins at `offset`, or 0.
std::uint64_t tag_bytes(ByteWindow& window, std::uint64_t offset);

}  // namespace earshot
