// SharedMemory: a CaptureMemory that two processes map, owned by no file.
#pragma once

#include "daemon/capture/CaptureMemory.h"

namespace earshot {

/// Its size is sealed: no other process can shrink it under a reader's feet. Pages come as they are first touched.
class SharedMemory {
 public:
  /// All zeros. Throws Error(unavailable).
  SharedMemory();
  /// Of another process: takes the descriptor over. Throws Error(unavailable) if it is no such memory.
  explicit SharedMemory(int descriptor);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  CaptureMemory& operator*() const noexcept { return *memory_; }
  CaptureMemory* operator->() const noexcept { return memory_; }

 private:
  void map();

  int descriptor_;
  CaptureMemory* memory_ = nullptr;
};

}  // namespace earshot
