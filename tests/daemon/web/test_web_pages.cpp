// WebPages: metrics that promtool takes, health and readiness in words.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/web/MetricsText.h"
#include "daemon/web/WebPages.h"
#include "tests/daemon/web/Heard.h"
#include "tests/support/Child.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

struct PagesRig {
  PagesRig() { tally.change(web_facts()); }
  std::string metrics() const { return pages.answer("/metrics").body; }

  Counters counters;
  UtcClock utc;
  Pulses pulses{1, std::chrono::seconds(1)};
  HeardTally tally{utc};
  WebPages pages{tally, counters, utc, pulses};
};

bool has_line(const std::string& page, const std::string& line) {
  return ('\n' + page).find('\n' + line + '\n') != std::string::npos;
}

}  // namespace

TEST_CASE(
    "labels' values are escaped, repaired where they are not UTF-8, and numbers are whole where they are") {
  MetricsText text;
  text.family("earshot_x_total", "counter", "Things.");
  text.sample({{"a", "say \"\\\n\xFF"}, {"b", ""}}, std::uint64_t{18446744073709551615U});
  text.sample({}, 0.25);
  CHECK(text.take() ==
        "# HELP earshot_x_total Things.\n# TYPE earshot_x_total counter\n"
        "earshot_x_total{a=\"say \\\"\\\\\\n\xEF\xBF\xBD\",b=\"\"} 18446744073709551615\nearshot_x_total "
        "0.25\n");
}

TEST_CASE("/metrics has what was heard right after it was") {
  PagesRig rig;
  CHECK(has_line(rig.metrics(), "earshot_predictions_total{source=\"mic\"} 0"));
  rig.tally.hear(window_of("mic"));
  rig.tally.hear(window_of("mic", true));
  rig.tally.hear(event_of("mic", "dog"));
  rig.tally.hear(Gap{"porch", 0, 22050, GapReason::network, 0, 0});
  rig.tally.hear(SourceChange{"mic", SourceState::up, "", {}});
  rig.counters.bad_samples = 7;
  rig.counters.dropped_samples = 8;
  rig.counters.clients = 2;
  const auto gauges = rig.counters.sources.of("mic");
  gauges->lag_s = 0.25F;
  gauges->level_dbfs = -20.5F;
  gauges->drift_ppm = 125.0F;
  gauges->skipped_windows = 3;
  const std::string page = rig.metrics();
  INFO(page);
  for (const char* line : {"earshot_build_info{version=\"" EARSHOT_VERSION "\"} 1",
                           "earshot_model_info{name=\"esc10\",sha256=\"ab12\"} 1",
                           "earshot_source_up{source=\"mic\"} 1",
                           "earshot_source_up{source=\"porch\"} 0",
                           "earshot_source_state{source=\"porch\",state=\"starting\"} 1",
                           "earshot_source_state{source=\"porch\",state=\"down\"} 0",
                           "earshot_source_level_dbfs{source=\"mic\"} -20.5",
                           "earshot_source_lag_seconds{source=\"mic\"} 0.25",
                           "earshot_source_clock_drift_ratio{source=\"mic\"} 0.000125",
                           "earshot_predictions_total{source=\"mic\"} 2",
                           "earshot_gated_windows_total{source=\"mic\"} 1",
                           "earshot_skipped_windows_total{source=\"mic\"} 3",
                           "earshot_events_total{source=\"mic\",label=\"dog\"} 1",
                           "earshot_gaps_total{source=\"porch\",reason=\"network\"} 1",
                           "earshot_lost_seconds_total{source=\"porch\",reason=\"network\"} 0.5",
                           "earshot_dropped_samples_total 8",
                           "earshot_bad_samples_total 7",
                           "earshot_stream_clients 2",
                           "earshot_publish_latency_seconds_bucket{le=\"+Inf\"} 2",
                           "earshot_publish_latency_seconds_count 2"}) {
    INFO(line);
    CHECK(has_line(page, line));
  }
  CHECK(page.find("label=\"rain\"") == std::string::npos);  // it has not occurred
  for (const char* family : {"process_cpu_seconds_total ", "process_resident_memory_bytes ",
                             "process_open_fds ", "process_max_fds ", "process_start_time_seconds "})
    CHECK(page.find(std::string("\n") + family) != std::string::npos);
}

TEST_CASE("a source that is gone is on the page no more") {
  PagesRig rig;
  rig.tally.hear(window_of("barn-7"));
  CHECK(rig.metrics().find("barn-7") != std::string::npos);
  rig.tally.hear(SourceChange{"barn-7", SourceState::ended, "made room", 5, true});
  CHECK(rig.metrics().find("barn-7") == std::string::npos);
}

TEST_CASE("promtool finds nothing to say about the metrics") {
  if (!std::filesystem::exists("/usr/bin/promtool")) return skip("no /usr/bin/promtool");
  PagesRig rig;
  for (const char* source : {"mic", "a \"quoted\" \\ name"}) {
    rig.tally.hear(window_of(source));
    rig.tally.hear(event_of(source, "Inside, small room"));
    rig.tally.hear(event_of(source, "caf\xC3\xA9 \xFF"));
  }
  const TemporaryDirectory directory;
  const auto page = directory.write("metrics", rig.metrics());
  Child promtool({"/usr/bin/promtool", "check", "metrics"}, {}, page);
  const int code = promtool.wait();
  CHECK(promtool.err() == "");
  CHECK(promtool.out() == "");
  CHECK(code == 0);
}

TEST_CASE("docs/metrics.md names every family, and promtool takes its rules and its snippet") {
  std::ifstream file(EARSHOT_SOURCE_DIR "/docs/metrics.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  std::istringstream page(PagesRig().metrics());
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string family = line.substr(7, line.find(' ', 7) - 7);
    INFO(family);
    CHECK(document.find('`' + family) != std::string::npos);
  }

  if (!std::filesystem::exists("/usr/bin/promtool")) return skip("no /usr/bin/promtool");
  const TemporaryDirectory directory;
  std::size_t blocks = 0;
  for (std::size_t at = document.find("```yaml\n"); at != std::string::npos;
       at = document.find("```yaml\n", at + 1)) {
    const std::size_t begin = at + 8;
    const auto yaml =
        directory.write("block.yml", document.substr(begin, document.find("```", begin) - begin));
    const std::string kind = document.compare(begin, 6, "groups") == 0 ? "rules" : "config";
    const Finished checked = run_program({"/usr/bin/promtool", "check", kind, yaml.string()});
    INFO(kind << checked.out << checked.err);
    CHECK(checked.code == 0);
    ++blocks;
  }
  CHECK(blocks == 2);
}

TEST_CASE("/healthz names the thread that stands still") {
  PagesRig rig;
  Pulse pulse(&rig.pulses, "source 'mic'");
  CHECK(rig.pages.answer("/healthz").status == 200);
  CHECK(rig.pages.answer("/healthz").body == "ok\n");
  rig.pulses.look();
  rig.pulses.look();
  CHECK(rig.pages.answer("/healthz").status == 503);
  CHECK(rig.pages.answer("/healthz").body == "source 'mic' stands still\n");
  pulse.beat();
  rig.pulses.look();
  CHECK(rig.pages.answer("/healthz").status == 200);
}

TEST_CASE("/readyz is 503 until a source is up, and says which are not") {
  PagesRig rig;
  WebAnswer answer = rig.pages.answer("/readyz");
  CHECK(answer.status == 503);
  CHECK(answer.body == "0 of 2 sources up\nmic is starting\nporch is starting\n");
  rig.tally.hear(SourceChange{"mic", SourceState::up, "", {}});
  rig.tally.hear(SourceChange{"porch", SourceState::down, "its sender\nhas left", 5});
  answer = rig.pages.answer("/readyz?verbose");
  CHECK(answer.status == 200);
  CHECK(answer.body == "1 of 2 sources up\nporch is down: its sender\\nhas left\n");
  rig.tally.hear(SourceChange{"mic", SourceState::stalled, "only zeros", {}});
  CHECK(rig.pages.answer("/readyz").status == 503);
}

TEST_CASE("other paths are not there") {
  PagesRig rig;
  for (const char* path : {"/", "/metrics/", "/metricsx", "metrics", "", "/../metrics", "//metrics"})
    CHECK(rig.pages.answer(path).status == 404);
}

}  // namespace earshot::test
