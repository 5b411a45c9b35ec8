#include "daemon/capture/SharedMemory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

[[noreturn]] void refuse_memory(const std::string& doing) {
  throw Error(ExitCode::unavailable,
              "memory shared with the process that records: " + doing + ": " + std::generic_category().message(errno));
}

}  // namespace

SharedMemory::SharedMemory() : descriptor_(::memfd_create("earshot-capture", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (descriptor_ < 0) refuse_memory("cannot make it");
  if (::ftruncate(descriptor_, sizeof(CaptureMemory)) != 0 ||
      ::fcntl(descriptor_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    ::close(descriptor_);
    refuse_memory("cannot size it");
  }
  map();
}

SharedMemory::SharedMemory(int descriptor) : descriptor_(descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || facts.st_size != sizeof(CaptureMemory)) {
    ::close(descriptor);
    throw Error(ExitCode::unavailable, "memory shared with the daemon: found " + std::to_string(facts.st_size) +
                                           " bytes, expected " + std::to_string(sizeof(CaptureMemory)));
  }
  map();
}

SharedMemory::~SharedMemory() {
  ::munmap(memory_, sizeof(CaptureMemory));
  ::close(descriptor_);
}

void SharedMemory::map() {
  void* const place = ::mmap(nullptr, sizeof(CaptureMemory), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (place == MAP_FAILED) {
    ::close(descriptor_);
    refuse_memory("cannot map it");
  }
  memory_ = static_cast<CaptureMemory*>(place);  // all zeros is what its constructor would make
}

}  // namespace earshot
