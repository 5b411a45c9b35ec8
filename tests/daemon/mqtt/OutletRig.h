// OutletRig: an MqttOutlet with a configuration and what a test lets it hear.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "daemon/mqtt/MqttOutlet.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

inline MqttTimes quick_times() {
  using namespace std::chrono_literals;
  MqttTimes times;
  times.level = 20ms;
  times.least_pause = 20ms;
  times.most_pause = 100ms;
  return times;
}

inline StreamFacts mqtt_facts() {
  StreamFacts facts;
  facts.model_name = "yamnet";
  facts.labels = {"Dog", "Doorbell", "Rain"};
  return facts;
}

/// A number of these events, one a second.
inline Event mqtt_event(int number, Event::Phase phase = Event::Phase::start,
                        const std::string& label = "Dog", const std::string& source = "mic") {
  Event event;
  event.phase = phase;
  event.id = "i-" + std::to_string(number);
  event.source = source;
  event.label = label;
  event.time = UtcTime(std::chrono::seconds(1'700'000'000 + number));
  event.why = BegunBySurety{0.4F, 0.9F, ""};
  if (phase == Event::Phase::end) event.why = Ended{};
  return event;
}

class OutletRig {
 public:
  explicit OutletRig(const MqttTimes& times = quick_times()) : times_(times) { start(); }

  void start() { outlet_ = std::make_unique<MqttOutlet>(directory_ / "mqtt", gates_, nullptr, times_); }
  /// As the daemon ends; as if it were killed with 0.
  void stop(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    outlet_->stop(limit);
    outlet_.reset();
  }

  /// `mqtt` is what stands in [publish.mqtt] besides the broker, `sources` [[source]] tables.
  void change(std::uint16_t port, const std::string& mqtt = kLabels, const std::string& sources = kMic) {
    change("broker = \"mqtt://127.0.0.1:" + std::to_string(port) + "\"\ntopic = \"earshot/attic\"\n" + mqtt,
           sources);
  }
  void change(const std::string& mqtt, const std::string& sources) {
    outlet_->change(parse_config("[events]\n" + sources + "[publish.mqtt]\n" + mqtt, "test.toml"),
                    mqtt_facts());
  }
  void hear(const Message& message) { outlet_->hear(message); }
  void is(SourceState state, const std::string& source = "mic", bool forgotten = false) {
    hear(SourceChange{source, state, "", {}, forgotten});
  }

  MqttOutlet& outlet() noexcept { return *outlet_; }
  /// As a source's pipeline sees it.
  bool gates(const std::string& source = "mic") { return gates_.of(source)->load(); }
  const TemporaryDirectory& directory() const noexcept { return directory_; }

  static constexpr const char* kLabels = "labels = [\"Dog\", \"Doorbell\"]\n";
  static constexpr const char* kMic = "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n";
  static constexpr const char* kSenders =
      "[[source]]\nname = \"barns\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = 5\n";

 private:
  TemporaryDirectory directory_;
  GateSwitches gates_;
  MqttTimes times_;
  std::unique_ptr<MqttOutlet> outlet_;
};

}  // namespace earshot::test
