// FileBytes: a regular file's bytes, read wherever one likes; ByteWindow: the same through a buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace earshot {

/// Its size is the one at opening: what a recorder appends meanwhile is not seen. Not thread safe.
class FileBytes {
 public:
  /// Opens nothing but a regular file: a pipe would make the caller wait for ever. Throws Error(no_input),
  /// naming the file, if it is missing, unreadable or anything else.
  explicit FileBytes(const std::filesystem::path& path);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::uint64_t size() const noexcept { return size_; }
  /// Fewer than asked for only at the end or if reading fails: then failure() tells why.
  std::size_t read(std::uint64_t offset, std::span<char> out) const noexcept;
  /// errno of the last reading that failed, or 0.
  int failure() const noexcept { return failure_; }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  mutable int failure_ = 0;
};

/// For walking through a file in small steps.
class ByteWindow {
 public:
  explicit ByteWindow(const FileBytes& file);

  std::uint64_t size() const noexcept { return file_.size(); }
  /// `count` bytes (at most 128 KiB), fewer at the file's end; valid until the next call.
  std::string_view at(std::uint64_t offset, std::size_t count);
  /// Where `what` is found next, from `offset` on, or size().
  std::uint64_t find(std::string_view what, std::uint64_t offset);

 private:
  const FileBytes& file_;
  std::unique_ptr<char[]> buffer_;  // allocated by the first use
  std::uint64_t begin_ = 0;
  std::size_t held_ = 0;
};

}  // namespace earshot
