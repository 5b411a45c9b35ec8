#include "dsp/audio/FileBytes.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{256} << 10;
constexpr std::size_t kFirstBytes = 4096;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& found) {
  throw Error(ExitCode::no_input, path.string() + ": " + found + ", expected an audio file");
}

}  // namespace

FileBytes::FileBytes(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) refuse(path, std::generic_category().message(errno));
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const std::string found = !known                   ? std::generic_category().message(errno)
                              : S_ISDIR(status.st_mode) ? "is a directory"
                                                        : "is a pipe or a device";
    ::close(descriptor_);
    refuse(path, found);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

FileBytes::~FileBytes() {
  ::close(descriptor_);
}

std::size_t FileBytes::read(std::uint64_t offset, std::span<char> out) const noexcept {
  if (offset >= size_) return 0;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        ::pread(descriptor_, out.data() + done, wanted - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failure_ = errno;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

ByteWindow::ByteWindow(const FileBytes& file) : file_(file) {}

std::string_view ByteWindow::at(std::uint64_t offset, std::size_t count) {
  const std::uint64_t end = std::min<std::uint64_t>(offset + count, size());
  if (!buffer_ || offset < begin_ || end > begin_ + held_) {
    // The first look is often the only one, at how the file begins.
    const std::size_t wanted = buffer_ ? kWindowBytes : std::max(count, kFirstBytes);
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kWindowBytes);
    begin_ = offset;
    held_ = file_.read(offset, {buffer_.get(), wanted});
  }
  const auto skipped = static_cast<std::size_t>(offset - begin_);
  if (skipped >= held_) return {};
  return std::string_view(buffer_.get() + skipped, std::min(count, held_ - skipped));
}

std::uint64_t ByteWindow::find(std::string_view what, std::uint64_t offset) {
  constexpr std::size_t kStep = kWindowBytes / 4;
  while (offset < size()) {
    const std::string_view bytes = at(offset, kStep);
    if (bytes.size() < what.size()) break;
    if (const std::size_t found = bytes.find(what); found != std::string_view::npos) return offset + found;
    offset += bytes.size() - what.size() + 1;
  }
  return size();
}

}  // namespace earshot
