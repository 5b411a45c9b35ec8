// Speaker: a sender of a tcp source that speaks as fast as time goes by.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/StreamClient.h"

namespace earshot::test {

using namespace std::chrono_literals;

/// A tcp source, as TOML.
inline std::string live_source(const std::string& name, int rate_hz) {
  return "[[source]]\nname = \"" + name +
         "\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nformat = \"f32le\"\nrate_hz = " +
         std::to_string(rate_hz) + "\n";
}

/// A sender that speaks as fast as time goes by.
class Speaker {
 public:
  Speaker(StreamClient sender, int rate_hz) : sender_(std::move(sender)), rate_hz_(rate_hz) {}

  void speak(std::chrono::milliseconds time) {
    for (auto said = 0ms; said < time; said += kBlock) {
      send(kBlock);
      std::this_thread::sleep_for(kBlock);
    }
  }
  void send(std::chrono::milliseconds time) {
    std::vector<float> samples(static_cast<std::size_t>(time.count() * rate_hz_ / 1'000));
    for (float& sample : samples) sample = static_cast<float>(random_.uniform(-0.3, 0.3));
    sender_.send({reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(float)});
  }

 private:
  static constexpr std::chrono::milliseconds kBlock = 50ms;
  StreamClient sender_;
  int rate_hz_;
  KeyedRandom random_{3};
};

}  // namespace earshot::test
