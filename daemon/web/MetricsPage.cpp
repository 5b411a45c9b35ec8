#include "daemon/web/MetricsPage.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "daemon/stream/JsonLine.h"
#include "daemon/web/MetricsText.h"
#include "daemon/web/ProcessFigures.h"

namespace earshot {
namespace {

constexpr std::array kSourceStates{SourceState::starting, SourceState::up, SourceState::stalled,
                                   SourceState::down, SourceState::ended};
constexpr std::array kGapReasons{GapReason::overflow, GapReason::device, GapReason::network,
                                 GapReason::overload};

template <typename Number>
Number relaxed(const std::atomic<Number>& value) {
  return value.load(std::memory_order_relaxed);
}

class PageMaker {
 public:
  PageMaker(const HeardTally::Heard& heard, Counters& counters) : heard_(heard), counters_(counters) {
    for (const auto& [name, source] : heard.sources) gauges_.push_back(counters.sources.of(name));
  }

  void about() {
    text_.family("earshot_build_info", "gauge", "The daemon's version; always 1.");
    text_.sample({{"version", EARSHOT_VERSION}}, 1.0);
    text_.family("earshot_model_info", "gauge", "The model that classifies; always 1.");
    text_.sample({{"name", heard_.model_name}, {"sha256", heard_.model_sha256}}, 1.0);
  }

  void states() {
    text_.family("earshot_source_up", "gauge", "Whether the source is heard: 1 if its state is up, else 0.");
    each([&](auto name, const auto& source, const auto&) {
      text_.sample({{"source", name}}, source.state == SourceState::up ? 1.0 : 0.0);
    });
    text_.family("earshot_source_state", "gauge", "1 for the state that the source is in, 0 for the others.");
    each([&](auto name, const auto& source, const auto&) {
      for (const SourceState state : kSourceStates)
        text_.sample({{"source", name}, {"state", to_string(state)}}, source.state == state ? 1.0 : 0.0);
    });
  }

  void gauges() {
    const auto family = [&](std::string_view name, std::string_view help, auto read) {
      text_.family(name, "gauge", help);
      each([&](auto source, const auto&, const SourceGauges& gauges) {
        text_.sample({{"source", source}}, read(gauges));
      });
    };
    family("earshot_source_level_dbfs",
           "Level of the latest window's loudest 100 ms, in dB; full scale is about 0.",
           [](const SourceGauges& of) { return static_cast<double>(relaxed(of.level_dbfs)); });
    family("earshot_source_lag_seconds", "How long ago the latest window had been heard when it was done.",
           [](const SourceGauges& of) { return static_cast<double>(relaxed(of.lag_s)); });
    family("earshot_source_clock_drift_ratio",
           "How much faster than nominal the source's clock runs; 0 until known.",
           [](const SourceGauges& of) { return static_cast<double>(relaxed(of.drift_ppm)) / 1e6; });
  }

  void counters() {
    text_.family("earshot_predictions_total", "counter", "Windows that were published, gated ones included.");
    each([&](auto name, const auto& source, const auto&) {
      text_.sample({{"source", name}}, source.predictions);
    });
    text_.family("earshot_gated_windows_total", "counter",
                 "Windows quieter than the gate, published unclassified.");
    each([&](auto name, const auto& source, const auto&) { text_.sample({{"source", name}}, source.gated); });
    text_.family("earshot_skipped_windows_total", "counter", "Windows that came too late to be classified.");
    each([&](auto name, const auto&, const SourceGauges& of) {
      text_.sample({{"source", name}}, relaxed(of.skipped_windows));
    });
    text_.family(
        "earshot_events_total", "counter",
        "Events that began, by labels that occurred; beyond a thousand of them the label is \"other\".");
    each([&](auto name, const auto& source, const auto&) {
      for (const auto& [label, count] : source.events)
        text_.sample({{"source", name}, {"label", label}}, count);
    });
    text_.family("earshot_gaps_total", "counter", "Gaps in what was heard or classified.");
    each([&](auto name, const auto& source, const auto&) {
      for (const GapReason reason : kGapReasons)
        text_.sample({{"source", name}, {"reason", to_string(reason)}}, source.gaps[index(reason)].count);
    });
    text_.family("earshot_lost_seconds_total", "counter",
                 "Sound that was lost in gaps; none in those of overload.");
    each([&](auto name, const auto& source, const auto&) {
      for (const GapReason reason : kGapReasons)
        text_.sample({{"source", name}, {"reason", to_string(reason)}}, source.gaps[index(reason)].lost_s);
    });
    text_.family("earshot_dropped_samples_total", "counter", "Samples that came and could not be taken.");
    text_.sample({}, std::uint64_t{relaxed(counters_.dropped_samples)});
    text_.family("earshot_bad_samples_total", "counter",
                 "Samples that were no sound (NaN, infinite), heard as 0.");
    text_.sample({}, std::uint64_t{relaxed(counters_.bad_samples)});
    text_.family("earshot_stream_clients", "gauge", "Clients of the stream that are connected.");
    text_.sample({}, std::uint64_t{relaxed(counters_.clients)});
  }

  void latencies() {
    text_.family("earshot_publish_latency_seconds", "histogram",
                 "From a window's last sample to its publication; sound that is played faster than it was is "
                 "left out.");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < heard_.latencies.counts.size(); ++i) {
      count += heard_.latencies.counts[i];
      const bool last = i == HeardTally::kLatencyBounds_s.size();
      const std::string bound = last ? "+Inf" : fmt::format("{}", HeardTally::kLatencyBounds_s[i]);
      text_.sample({{"le", bound}}, count, "_bucket");
    }
    text_.sample({}, heard_.latencies.sum_s, "_sum");
    text_.sample({}, count, "_count");
  }

  void process(UtcClock& utc) {
    const ProcessFigures figures = process_figures();
    text_.family("process_cpu_seconds_total", "counter", "User and system time of the process.");
    text_.sample({}, figures.cpu_s);
    if (figures.resident_bytes) {
      text_.family("process_resident_memory_bytes", "gauge", "Memory that the process has in RAM.");
      text_.sample({}, *figures.resident_bytes);
    }
    if (figures.open_descriptors) {
      text_.family("process_open_fds", "gauge", "File descriptors that are open.");
      text_.sample({}, *figures.open_descriptors);
    }
    text_.family("process_max_fds", "gauge", "File descriptors that may be open.");
    text_.sample({}, figures.most_descriptors);
    if (figures.started) {
      text_.family("process_start_time_seconds", "gauge", "When the process started, since 1970 in UTC.");
      text_.sample({}, std::chrono::duration<double>(utc.at(*figures.started).time_since_epoch()).count());
    }
  }

  std::string take() { return text_.take(); }

 private:
  static std::size_t index(GapReason reason) { return static_cast<std::size_t>(reason); }

  template <typename Act>
  void each(Act act) {
    auto gauges = gauges_.begin();
    for (const auto& [name, source] : heard_.sources) act(std::string_view(name), source, **gauges++);
  }

  const HeardTally::Heard& heard_;
  Counters& counters_;
  std::vector<std::shared_ptr<SourceGauges>> gauges_;  // of heard_.sources, in their order
  MetricsText text_;
};

}  // namespace

std::string metrics_page(const HeardTally::Heard& heard, Counters& counters, UtcClock& utc) {
  PageMaker page(heard, counters);
  page.about();
  page.states();
  page.gauges();
  page.counters();
  page.latencies();
  page.process(utc);
  return page.take();
}

}  // namespace earshot
