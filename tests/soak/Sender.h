// Sender: speaks as time goes by, over a line that can be cut, held up, torn, silenced and left half open.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "daemon/hearing/BootClock.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/soak/SpokenSound.h"

namespace earshot::soak {

/// A descriptor to write to that does not block, or -1: nobody is there.
using Dial = std::function<int()>;
/// A TCP connection to 127.0.0.1.
Dial dial_tcp(std::uint16_t port);
/// A FIFO that somebody reads.
Dial dial_fifo(std::string path);

struct Voice {
  SpokenSound sound;
  unsigned rate_hz = 16'000;
  bool floats = false;       ///< f32le, else s16le
  std::string introduction;  ///< sent first on each connection
  bool waits = true;         ///< what finds no room is kept for later; else it is lost, as with a device
};

/// It dials again whenever its connection is gone; what is spoken while there is none is lost. All of it any
/// thread.
class Sender {
 public:
  Sender(Voice voice, Dial dial);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  enum class Cut { reset, leave, within_frame };
  /// The connection ends so; it stays away until come_back().
  void cut(Cut how);
  void come_back();
  /// What it says is held back, then comes in one piece.
  void hold();
  void release();
  /// What it says is lost; the connection stays.
  void fall_silent();
  void speak_again();
  /// Goes out in small pieces of odd length.
  void tear(bool torn);
  /// The connection stays open without another byte, and a new one is dialled, until bury() closes the old
  /// one.
  void abandon();
  void bury();

 private:
  void run(const std::stop_token& stop);
  void say(std::uint64_t first, std::size_t samples);
  void connect();
  void flush();
  void hang_up();
  bool is_gone() const;

  const Voice voice_;
  const Dial dial_;
  std::mutex mutex_;  // guards what follows
  int connection_ = -1;
  int abandoned_ = -1;
  bool away_ = false;
  bool held_ = false;
  bool silent_ = false;
  bool torn_ = false;
  std::string pending_;
  BootClock::time_point dial_at_{};
  KeyedRandom random_{7};
  std::jthread thread_;
};

}  // namespace earshot::soak
