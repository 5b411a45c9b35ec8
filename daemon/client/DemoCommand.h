// `earshot demo`: the demo's sounds on standard output as a microphone would bring them.
#pragma once

namespace earshot {

/// Writes f32le, mono, kDemoRateHz, in real time, and names each sound on standard error. Ends early, without
/// complaint, when the reader has gone. Throws Error(io) if standard output fails otherwise.
void run_demo();

}  // namespace earshot
