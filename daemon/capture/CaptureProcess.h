// CaptureProcess: the way to devices through a process for each that is recorded, ended and started anew at will.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/capture/CaptureStream.h"

namespace earshot {

/// A helper writes samples into memory that it shares and dies with the daemon; the daemon believes nothing that is
/// in there. No call waits for a driver: a helper that does not end is killed, one that cannot be killed, its driver
/// deep in the kernel, keeps its device down until it is gone.
class CaptureProcess final : public CaptureOpener {
 public:
  /// `program` is one that understands kCaptureHelper, as earshotd does.
  explicit CaptureProcess(std::filesystem::path program = "/proc/self/exe");
  ~CaptureProcess() override;

  std::unique_ptr<CaptureStream> open(const CaptureWish& wish) override;

 private:
  class Stream;
  /// A helper that was killed and has not ended.
  struct Undead {
    pid_t process;
    std::string device;
  };

  void end(pid_t process, const std::string& device) noexcept;

  const std::filesystem::path program_;
  std::mutex mutex_;
  std::vector<Undead> undead_;
};

}  // namespace earshot
