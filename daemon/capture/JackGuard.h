// JackGuard: PortAudio asks JACK for devices only where a JACK server runs.
#pragma once

namespace earshot {

/// Whoever opens a client of JACK 1.9.21 (PortAudio does, and ALSA's plugin "jack", each time devices are
/// listed) first opens its database of metadata, in shared memory that outlives every process. One that is
/// killed while it holds a lock there makes every later one of the same user wait for ever, until the machine
/// starts anew. So programs that link this file have a jack_client_open of their own, which comes before the
/// library's and fails at once where no server runs. Call it before Pa_Initialize; a server is not started.
void guard_jack() noexcept;

}  // namespace earshot
