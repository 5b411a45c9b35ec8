// map_chunks: how much sound a WAV-like header promises, against how much there is.
#include <algorithm>
#include <utility>

#include "dsp/audio/ContainerNumbers.h"
#include "dsp/audio/SoundMap.h"

namespace earshot {
namespace {

using std::uint64_t;

/// A recorder that writes into a pipe cannot come back to fill in the size: sox leaves 0x7FFFF..., of AIFF
/// 0x7F000008, others 0x80000000 or 0xFFFFFFFF.
constexpr uint64_t kUnknownSize = 0x7F000000;
constexpr uint64_t kMostPieceBytes = uint64_t{1} << 30;  // that a 32-bit header describes without doubt
constexpr std::size_t kMostHeadBytes = std::size_t{1} << 16;

/// How chunks follow one another in a kind of file.
struct Layout {
  ByteOrder order = ByteOrder::little;
  std::size_t id_bytes = 4;
  std::size_t size_bytes = 4;
  bool size_counts_header = false;
  uint64_t alignment = 2;
  std::size_t first = 12;  // chunk, from the form's begin
  std::string_view data = "data";
  std::size_t before_sound = 0;  // bytes of the data chunk's contents

  std::size_t header() const noexcept { return id_bytes + size_bytes; }
};

// IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0"; EBU Tech 3306; Sony,
// "Wave64"; Apple, "AIFF 1.3" and "Core Audio Format Specification 1.0".
std::optional<Layout> layout_of(std::string_view begin) {
  const std::string_view id = begin.substr(0, 4);
  const std::string_view form = begin.size() >= 12 ? begin.substr(8, 4) : std::string_view{};
  if ((id == "RIFF" || id == "RF64") && form == "WAVE") return Layout{};
  if (id == "RIFX" && form == "WAVE") return Layout{.order = ByteOrder::big};
  if (id == "FORM" && (form == "AIFF" || form == "AIFC")) {
    return Layout{.order = ByteOrder::big, .data = "SSND", .before_sound = 8};
  }
  if (id == "caff" && begin.substr(4, 2) == std::string_view("\0\1", 2)) {
    return Layout{.order = ByteOrder::big, .size_bytes = 8, .alignment = 1, .first = 8, .before_sound = 4};
  }
  if (id == "riff" && begin.substr(4, 4) == "\x2E\x91\xCF\x11") {  // of its GUID
    return Layout{.id_bytes = 16, .size_bytes = 8, .size_counts_header = true, .alignment = 8, .first = 40};
  }
  return std::nullopt;
}

constexpr std::size_t kAuHeadBytes = 24;

/// Of numbers in the header of an .au file (audio(5) of SunOS), if `begin` is one.
std::optional<ByteOrder> au_order(std::string_view begin) {
  if (begin.size() < kAuHeadBytes || (!begin.starts_with(".snd") && !begin.starts_with("dns."))) return {};
  const ByteOrder order = begin[0] == '.' ? ByteOrder::big : ByteOrder::little;
  const uint64_t head_bytes = number_of(begin.substr(4, 4), order);
  const uint64_t encoding = number_of(begin.substr(12, 4), order);
  const uint64_t channels = number_of(begin.substr(20, 4), order);
  const bool plausible = head_bytes >= kAuHeadBytes && head_bytes <= kMostHeadBytes && encoding >= 1 &&
                         encoding <= 27 && channels >= 1 && channels <= 1024;
  return plausible ? std::optional(order) : std::nullopt;
}

struct Chunk {
  std::string id;  // its first four characters
  uint64_t offset = 0;
  uint64_t size = 0;  // of the contents
};

class ChunkMapper {
 public:
  explicit ChunkMapper(const FileBytes& file) : window_(file) {}

  SoundMap map() {
    std::optional<uint64_t> file = 0;
    while (const uint64_t tag = tag_bytes(window_, *file)) *file += tag;
    while (file && begins_file(*file)) {
      next_file_.reset();
      begin_ = *file;
      if (const auto layout = layout_of(window_.at(begin_, 12))) {
        layout_ = *layout;
        take_form();
      } else {
        take_au();
      }
      file = next_file_;
    }
    return std::move(map_);
  }

 private:
  uint64_t size() const noexcept { return window_.size(); }

  std::optional<Chunk> chunk_at(uint64_t offset) {
    const std::string_view bytes = window_.at(offset, layout_.header());
    if (bytes.size() < layout_.header()) return std::nullopt;
    Chunk chunk{std::string(bytes.substr(0, 4)), offset,
                number_of(bytes.substr(layout_.id_bytes, layout_.size_bytes), layout_.order)};
    if (!std::ranges::all_of(chunk.id, [](char c) { return c >= ' ' && c <= '~'; })) return std::nullopt;
    if (layout_.size_counts_header) {
      if (chunk.size < layout_.header()) chunk.size = layout_.header();
      chunk.size -= layout_.header();
    }
    return chunk;
  }

  uint64_t contents(const Chunk& chunk) const noexcept { return chunk.offset + layout_.header(); }
  uint64_t after(const Chunk& chunk) {
    const uint64_t end = contents(chunk) + chunk.size;
    // Not every writer fills up the last chunk of its file.
    if (layout_.alignment > 2 && (begins_file(end) || tag_bytes(window_, end) > 0)) return end;
    return end + (layout_.alignment - (end - begin_) % layout_.alignment) % layout_.alignment;
  }

  bool begins_file(uint64_t offset) {
    return layout_of(window_.at(offset, 12)).has_value() || au_order(window_.at(offset, kAuHeadBytes)).has_value();
  }

  /// Where behind `offset` another file like this one begins.
  std::optional<uint64_t> find_file(uint64_t offset) {
    const std::string id(window_.at(begin_, 4));
    for (uint64_t at = offset; (at = window_.find(id, at)) < size(); ++at) {
      if (begins_file(at)) return at;
    }
    return std::nullopt;
  }

  /// Of sound of no size: up to the next file, which is taken next, else to the end.
  uint64_t bytes_to_next_file(uint64_t sound) {
    if (!next_file_) next_file_ = find_file(sound);
    return next_file_.value_or(size()) - sound;
  }

  /// One file of chunks; another may lie behind it.
  void take_form() {
    block_bytes_ = 1;
    comm_ = 0;
    ds64_ = 0;
    uint64_t ds64 = 0;
    for (uint64_t offset = begin_ + layout_.first;;) {
      const auto chunk = chunk_at(offset);
      if (!chunk) return plain(size());  // the decoder will say what it misses
      if (chunk->id == "fmt " && layout_.order == ByteOrder::little) {
        block_bytes_ = number_of(window_.at(contents(*chunk) + 12, 2), ByteOrder::little);
      }
      if (chunk->id == "COMM") comm_ = contents(*chunk);
      if (chunk->id == "ds64") ds64 = contents(*chunk);
      if (chunk->id == layout_.data) {
        Chunk data = *chunk;
        if (ds64 > 0 && (data.size == 0xFFFF'FFFF || data.size == 0)) {
          ds64_ = ds64;
          data.size = number_of(window_.at(ds64 + 8, 8), ByteOrder::little);
        }
        return take_data(data);
      }
      // libsndfile 1.2 looks for the end of a LIST chunk for ever that claims more than there is.
      if (chunk->size > size() - contents(*chunk)) return plain(offset);
      offset = after(*chunk);
    }
  }

  void take_data(const Chunk& data) {
    const uint64_t sound = contents(data) + layout_.before_sound;
    if (sound > size()) return plain(size());
    const uint64_t rest = size() - sound;
    const uint64_t promised = data.size - std::min<uint64_t>(data.size, layout_.before_sound);
    if (promised == 0) {
      if (rest == 0 || chunks_from(contents(data)) == size()) return plain(size());
      return take_rest(data, sound);
    }
    const bool narrow = layout_.size_bytes == 4 && ds64_ == 0;
    const bool unknown = narrow ? promised >= kUnknownSize : promised >> 62U != 0;
    if (promised > rest) {
      const bool caf = layout_.id_bytes == 4 && layout_.size_bytes == 8;
      if (unknown) next_file_ = find_file(sound);
      if (caf || next_file_ || (unknown && window_.at(begin_, 4) == "RF64")) {
        take_rest(data, sound);  // libsndfile takes no CAF that is cut, no RF64 of no size
      } else {
        plain(size());
      }
      if (!unknown) {
        map_.trouble = "cut short";
        map_.absent_bytes = promised - rest;
        map_.present_bytes = rest;
      }
      return;
    }
    const uint64_t behind = chunks_from(std::min(size(), after(data)));
    if (unknown && narrow && behind < size()) return take_rest(data, sound);
    take_behind(behind);
  }

  /// What lies behind the last chunk: nothing, another file, a tag, or who knows what.
  void take_behind(uint64_t end) {
    plain(end);  // a tag, or a chunk that is cut, would not be the decoder's to read
    while (end < size() && tag_bytes(window_, end) > 0) end += tag_bytes(window_, end);
    if (begins_file(end)) {
      next_file_ = end;
      return;
    }
    constexpr uint64_t kPadding = 512;  // what some writers fill the last block of a disk with
    if (end < size() && size() - end >= kPadding) {
      map_.trouble = "they lie behind the sound whose size the header tells";
      map_.lost_bytes = size() - end;
    }
  }

  /// The end of the chunks that follow one another from `offset` on, none of which is sound.
  uint64_t chunks_from(uint64_t offset) {
    while (offset < size()) {
      const auto chunk = chunk_at(offset);
      if (!chunk || begins_file(offset) || chunk->id == layout_.data) break;
      if (chunk->size > size() - std::min(size(), contents(*chunk))) break;
      offset = std::min(size(), after(*chunk));
    }
    return offset;
  }

  void plain(uint64_t end) {
    SoundPiece piece;
    piece.append({begin_, end - begin_});
    map_.pieces.push_back(std::move(piece));
  }

  /// All that lies behind the header is sound, whatever it says, up to another file.
  void take_rest(const Chunk& data, uint64_t sound) {
    const auto head_bytes = static_cast<std::size_t>(sound - begin_);
    if (head_bytes > kMostHeadBytes) {
      next_file_.reset();
      return plain(size());
    }
    uint64_t rest = bytes_to_next_file(sound);
    const uint64_t block = std::max<uint64_t>(1, block_bytes_);
    const uint64_t most = layout_.size_bytes == 8 || ds64_ > 0 ? rest : kMostPieceBytes / block * block;
    rest -= rest % block;
    for (uint64_t done = 0; done < rest; done += most) {
      const uint64_t part = std::min(most, rest - done);
      SoundPiece piece;
      piece.head = window_.at(begin_, head_bytes);
      if (ds64_ == 0 && piece.head.starts_with("RF64")) piece.head.replace(0, 4, "RIFF");
      const auto put = [this, &piece](uint64_t at, std::size_t count, uint64_t value) {
        put_number(piece.head, static_cast<std::size_t>(at - begin_), count, value, layout_.order);
      };
      const uint64_t header = layout_.size_counts_header ? layout_.header() : 0;
      put(data.offset + layout_.id_bytes, layout_.size_bytes, part + layout_.before_sound + header);
      if (ds64_ > 0) {
        put(data.offset + layout_.id_bytes, layout_.size_bytes, 0xFFFF'FFFF);
        put(ds64_, 8, head_bytes - 8 + part);
        put(ds64_ + 8, 8, part);
        put(ds64_ + 16, 8, part / block);
      }
      if (comm_ > 0 && comm_ < data.offset) put_frames(piece.head, part);
      if (layout_.size_bytes == 4 && ds64_ == 0) put(begin_ + 4, 4, head_bytes - 8 + part);
      if (layout_.id_bytes == 16) put(begin_ + 16, 8, head_bytes + part);
      piece.append({sound + done, part});
      map_.pieces.push_back(std::move(piece));
    }
  }

  /// AIFF tells the number of frames apart from the chunk's size.
  void put_frames(std::string& head, uint64_t bytes) const {
    const auto at = static_cast<std::size_t>(comm_ - begin_);
    const uint64_t channels = number_of(std::string_view(head).substr(at, 2), ByteOrder::big);
    const uint64_t bits = number_of(std::string_view(head).substr(at + 6, 2), ByteOrder::big);
    const uint64_t frame = channels * ((bits + 7) / 8);
    if (frame > 0) put_number(head, at + 2, 4, bytes / frame, ByteOrder::big);
  }

  /// Sun's and NeXT's .au: no chunks, one header.
  void take_au() {
    const std::string_view bytes = window_.at(begin_, kAuHeadBytes);
    const ByteOrder order = *au_order(bytes);
    const uint64_t sound = begin_ + number_of(bytes.substr(4, 4), order);
    const uint64_t promised = number_of(bytes.substr(8, 4), order);
    if (sound > size()) return;
    const uint64_t rest = size() - sound;
    if ((promised == 0 || promised >= kUnknownSize) && rest > 0) {
      SoundPiece piece;
      piece.head = window_.at(begin_, static_cast<std::size_t>(sound - begin_));
      put_number(piece.head, 8, 4, 0xFFFF'FFFF, order);
      piece.append({sound, bytes_to_next_file(sound)});
      map_.pieces.push_back(std::move(piece));
    } else if (promised > rest) {
      plain(size());
      map_.trouble = "cut short";
      map_.absent_bytes = promised - rest;
      map_.present_bytes = rest;
    } else {
      take_behind(sound + promised);
    }
  }

  ByteWindow window_;
  SoundMap map_;
  Layout layout_;
  std::optional<uint64_t> next_file_;
  uint64_t begin_ = 0;  // of the file in hand
  uint64_t block_bytes_ = 1;
  uint64_t comm_ = 0;
  uint64_t ds64_ = 0;  // if it tells the data's size
};

}  // namespace

SoundMap map_chunks(const FileBytes& file) {
  return ChunkMapper(file).map();
}

}  // namespace earshot
