// Decoder: the only file that knows libsndfile, and what it must know of libmpg123 behind it.
#include "dsp/audio/Decoder.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <mpg123.h>
#include <sndfile.h>

#include "dsp/base/Error.h"

// libmpg123 writes what it stumbles upon to standard error, unless the handle is told to be quiet;
// libsndfile, which owns the handle, has no door for that. A program's own symbols come before a library's:
// libsndfile calls this mpg123_new, which makes the handle by libmpg123's and tells it. Nothing of the
// process is changed for it (its standard error could be sent elsewhere only for all threads at once). Where
// a linker binds otherwise, libmpg123 talks, and all else is the same.
extern "C" __attribute__((visibility("default"))) mpg123_handle* mpg123_new(const char* decoder, int* error) {
  using New = mpg123_handle*(const char*, int*);
  using Parameter = int(mpg123_handle*, int, long, double);
  static const auto real_new = reinterpret_cast<New*>(::dlsym(RTLD_NEXT, "mpg123_new"));
  static const auto parameter2 = reinterpret_cast<Parameter*>(::dlsym(RTLD_NEXT, "mpg123_param2"));
  static const auto parameter =
      parameter2 ? parameter2 : reinterpret_cast<Parameter*>(::dlsym(RTLD_NEXT, "mpg123_param"));
  mpg123_handle* const handle = real_new ? real_new(decoder, error) : nullptr;
  if (handle && parameter) parameter(handle, MPG123_ADD_FLAGS, MPG123_QUIET, 0.0);
  return handle;
}

namespace earshot {
namespace {

struct CloseFile {
  void operator()(SNDFILE* file) const noexcept { sf_close(file); }
};

/// A piece as libsndfile's file.
class PieceReader {
 public:
  PieceReader(const FileBytes& file, SoundPiece piece) : file_(file), piece_(std::move(piece)) {
    std::uint64_t end = piece_.head.size();
    for (const ByteRange& range : piece_.body) ends_.push_back(end += range.size);
    size_ = end;
  }

  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t position() const noexcept { return position_; }
  std::uint64_t reached() const noexcept { return reached_; }

  std::uint64_t seek(std::int64_t offset, int whence) noexcept {
    const std::uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position_ : size_;
    const std::int64_t to = static_cast<std::int64_t>(base) + offset;
    if (to >= 0) position_ = static_cast<std::uint64_t>(to);
    return position_;
  }

  std::size_t read(std::span<char> out) noexcept {
    std::size_t done = 0;
    while (done < out.size() && position_ < size_) {
      const std::size_t got = read_some(out.subspan(done));
      if (got == 0) break;
      done += got;
      position_ += got;
    }
    reached_ = std::max(reached_, position_);
    return done;
  }

 private:
  std::size_t read_some(std::span<char> out) noexcept {
    const std::uint64_t head = piece_.head.size();
    if (position_ < head) {
      return piece_.head.copy(out.data(), out.size(), static_cast<std::size_t>(position_));
    }
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), position_);
    const ByteRange& range = piece_.body[static_cast<std::size_t>(end - ends_.begin())];
    const std::uint64_t left = *end - position_;
    return file_.read(range.offset + range.size - left,
                      out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left))));
  }

  const FileBytes& file_;
  SoundPiece piece_;
  std::vector<std::uint64_t> ends_;  // of the body's ranges, in the piece
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t reached_ = 0;
};

PieceReader& reader_of(void* data) noexcept {
  return *static_cast<PieceReader*>(data);
}

SF_VIRTUAL_IO callbacks() noexcept {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* data) { return static_cast<sf_count_t>(reader_of(data).size()); };
  io.seek = [](sf_count_t offset, int whence, void* data) {
    return static_cast<sf_count_t>(reader_of(data).seek(offset, whence));
  };
  io.read = [](void* out, sf_count_t count, void* data) {
    if (count <= 0) return sf_count_t{0};
    return static_cast<sf_count_t>(
        reader_of(data).read({static_cast<char*>(out), static_cast<std::size_t>(count)}));
  };
  io.tell = [](void* data) { return static_cast<sf_count_t>(reader_of(data).position()); };
  return io;
}

}  // namespace

struct Decoder::Impl {
  Impl(const FileBytes& bytes, SoundPiece piece) : reader(bytes, std::move(piece)) {}

  PieceReader reader;
  SF_INFO info{};
  std::unique_ptr<SNDFILE, CloseFile> file;
  std::string trouble;
  sf_count_t delivered = 0;
};

Decoder::Decoder(const std::filesystem::path& path, const FileBytes& file, SoundPiece piece) {
  const bool whole = piece.head.empty() && piece.body.size() == 1 && piece.body[0].offset == 0 &&
                     piece.body[0].size == file.size();
  impl_ = std::make_unique<Impl>(file, std::move(piece));
  // libsndfile tells why it failed to open by a variable of the whole process.
  static std::mutex opening;
  const std::lock_guard lock(opening);
  SF_VIRTUAL_IO io = callbacks();
  impl_->file.reset(sf_open_virtual(&io, SFM_READ, &impl_->info, &impl_->reader));
  std::string reason = impl_->file ? "" : sf_strerror(nullptr);
  // What libsndfile says of its own insides helps nobody.
  for (const std::string_view own : {"nternal error", "not a regular file"}) {
    if (reason.find(own) != std::string::npos) {
      reason = "its header is cut short, damaged, or of a kind that is not known";
    }
  }
  if (!impl_->file && whole) {
    // By its name libsndfile knows formats that have no header.
    impl_->info = {};
    impl_->file.reset(sf_open(path.c_str(), SFM_READ, &impl_->info));
  }
  if (!impl_->file) throw Error(ExitCode::bad_data, path.string() + ": not readable as audio: " + reason);
}

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

int Decoder::rate_hz() const noexcept {
  return impl_->info.samplerate;
}
int Decoder::channels() const noexcept {
  return impl_->info.channels;
}
std::uint64_t Decoder::frames() const noexcept {
  const sf_count_t frames = impl_->info.frames;
  return frames > 0 && frames < SF_COUNT_MAX ? static_cast<std::uint64_t>(frames) : 0;
}
bool Decoder::is_mpeg() const noexcept {
  return (impl_->info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG;
}
bool Decoder::is_flac() const noexcept {
  return (impl_->info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC;
}

std::size_t Decoder::read(std::span<float> out) noexcept {
  auto wanted = static_cast<sf_count_t>(out.size()) / impl_->info.channels;
  // Asked for more than there is, libFLAC takes a tag behind the sound for a broken frame.
  if (is_flac() && frames() > 0) wanted = std::min(wanted, impl_->info.frames - impl_->delivered);
  if (wanted == 0) return 0;
  const sf_count_t got = sf_readf_float(impl_->file.get(), out.data(), wanted);
  if (got < 0 || sf_error(impl_->file.get()) != SF_ERR_NO_ERROR) {
    if (impl_->trouble.empty()) impl_->trouble = sf_strerror(impl_->file.get());
    // libFLAC goes on behind what it could not read, and the block may hold both sides of the hole.
    if (is_flac()) return 0;
  }
  if (got <= 0) return 0;
  impl_->delivered += got;
  return static_cast<std::size_t>(got);
}

const std::string& Decoder::trouble() const noexcept {
  return impl_->trouble;
}
std::uint64_t Decoder::reached() const noexcept {
  return impl_->reader.reached();
}

}  // namespace earshot
