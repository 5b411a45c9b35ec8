// `earshot demo`: the demo's sounds on standard output as a microphone would bring them.
#pragma once

#include <ostream>

namespace earshot {

/// Writes f32le, mono, kDemoRateHz, in real time to `out`, the standard output, and names each sound on
/// standard error. Throws Error(usage) if standard output is a terminal, Error(io) if it fails.
void run_demo(std::ostream& out);

}  // namespace earshot
