// LiveSenders: many senders of raw PCM in real time, on one thread, with the moments of what they sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/daemon/StreamClient.h"

namespace earshot::bench {

/// Each sends a clip of ESC-10 of its own, again and again, in blocks of s16le, from a moment of its own on;
/// where ESC-10 is absent, noise. Clips are padded with digital silence: noise of -50 dBFS under all of them
/// keeps every window above the gate.
class LiveSenders {
 public:
  using Clock = std::chrono::steady_clock;
  struct Settings {
    std::size_t senders = 1;
    int rate_hz = 44'100;
    std::chrono::milliseconds block{10};
    std::chrono::milliseconds spread{480};  ///< all begin within this time
  };

  /// Connects them to a listener for many, as "s0", "s1", ... Throws std::runtime_error.
  LiveSenders(const Settings& settings, std::uint16_t port);

  /// Sends for `time`.
  void run(std::chrono::seconds time);

  /// When the block that holds a sample was handed to the system; nothing that was not sent.
  const Clock::time_point* sent(std::size_t sender, std::uint64_t sample) const noexcept;
  /// What they send, for people.
  const std::string& what() const noexcept { return what_; }

 private:
  struct Sender {
    test::StreamClient connection;
    const std::vector<std::int16_t>* clip;
    std::size_t place;          // in the clip
    std::size_t first_samples;  // of its first block, the others being whole
    std::chrono::milliseconds begins;
    std::vector<Clock::time_point> sent;  // by block
  };

  void load_clips();
  void send_block(Sender& sender);

  Settings settings_;
  std::size_t block_samples_;
  std::string what_;
  std::vector<std::vector<std::int16_t>> clips_;
  std::vector<Sender> senders_;  // by name
};

}  // namespace earshot::bench
