// What every fuzz target needs: libFuzzer's entry point, an input as text and as a file, and laws that must
// hold.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// Called by libFuzzer with each input; whatever ends the process here is a finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace earshot::fuzz {

/// What holds for every input. A law that is broken is a finding.
inline void expect(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "FuzzTarget: broken: %s\n", law);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A file in memory for what reads paths only: the same path for each content.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    expect(descriptor_ >= 0, "memfd_create works");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void write(std::string_view bytes) const {
    const bool emptied = ::ftruncate(descriptor_, 0) == 0;
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), 0);
    expect(emptied && written == static_cast<ssize_t>(bytes.size()), "a file in memory can be written");
  }
  /// "/proc/self/fd/5"
  std::string path() const { return directory() + "/" + name(); }
  std::string directory() const { return "/proc/self/fd"; }
  std::string name() const { return std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace earshot::fuzz
