// SilentDeath: a machine that vanishes without a word ends its connection in time.
#pragma once

#include <chrono>

namespace earshot {

/// A machine that vanished acknowledges nothing: to us it looks like one that takes all until the buffer is
/// full, or, if nothing is on its way, like one that waits. Either ends after `limit`, of seconds at least.
/// Without these options the connection works, less well.
void watch_for_silent_death(int tcp_socket, std::chrono::milliseconds limit) noexcept;

}  // namespace earshot
