// CaptureHelper: earshotd as the process that records one device, so that no driver can hold up the daemon.
#pragma once

#include <string_view>
#include <vector>

namespace earshot {

/// The first argument of such a process, before those of capture_arguments().
inline constexpr std::string_view kCaptureHelper = "--capture-helper";
/// The descriptor of its SharedMemory.
inline constexpr int kCaptureMemory = 3;

/// Records until its standard input ends, the daemon dies, or the device fails; tells by HelperLines how it goes.
/// `arguments` are the device, the channel or "mix", the hardware known from before, and the daemon's process.
/// Returns an exit code; throws nothing.
int run_capture_helper(const std::vector<std::string_view>& arguments) noexcept;

}  // namespace earshot
