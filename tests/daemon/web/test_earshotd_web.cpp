// The real earshotd with [publish.web]: asked by hand, and by a real Prometheus.
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/web/WebClient.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

constexpr const char* kPorch =
    "[[source]]\nname = \"porch\"\nkind = \"tcp\"\npace = \"fast\"\nlisten = \"127.0.0.1:0\"\n"
    "format = \"s16le\"\nrate_hz = 16000\nchannels = 1\n";

std::string with_web(std::uint16_t port) {
  return std::string(kPorch) + "[publish.web]\nlisten = \"127.0.0.1:" + std::to_string(port) + "\"\n";
}

// Two seconds of it: windows of 0.975 s every 0.48 s.
std::string quiet_pcm() {
  return std::string(2 * 2 * 16'000, '\0');
}

// What the server at `port` answers to a query of its API; empty while it does not.
std::string ask_prometheus(std::uint16_t port, const std::string& target) {
  try {
    // It answers in chunks to HTTP/1.1.
    return send_request(port, "GET " + target + " HTTP/1.0\r\nHost: localhost\r\n\r\n").body;
  } catch (const std::exception&) {  // not listening yet
    return "";
  }
}

}  // namespace

TEST_CASE("earshotd: metrics, health and readiness, from the start to another address") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  Daemon daemon(with_web(port), {}, "/dev/null", small_yamnet());
  CHECK(get(port, "/healthz").body == "ok\n");
  StreamClient stream = daemon.subscribe();
  StreamClient sender = daemon.connect_sender("porch");
  sender.send(quiet_pcm());
  stream.message("prediction");
  const WebReply metrics = get(port, "/metrics");
  CHECK(metrics.has("earshot_source_up{source=\"porch\"} 1\n"));
  CHECK(metrics.has("earshot_stream_clients 1\n"));
  CHECK_FALSE(metrics.has("earshot_predictions_total{source=\"porch\"} 0\n"));
  CHECK(get(port, "/readyz").body == "1 of 1 sources up\n");

  const std::uint16_t other = ports.next();
  daemon.reload(with_web(other), small_yamnet());
  CHECK(get(other, "/readyz").status == 200);
  CHECK_THROWS(get(port, "/readyz"));
  daemon.reload(kPorch, small_yamnet());
  CHECK_THROWS(get(other, "/readyz"));
}

TEST_CASE("a real Prometheus scrapes what was heard") {
  if (!std::filesystem::exists("/usr/bin/prometheus")) return skip("no /usr/bin/prometheus");
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const std::uint16_t prometheus_port = ports.next();
  Daemon daemon(with_web(port), {}, "/dev/null", small_yamnet());
  StreamClient stream = daemon.subscribe();
  StreamClient sender = daemon.connect_sender("porch");
  sender.send(quiet_pcm());
  stream.message("prediction");

  const TemporaryDirectory directory;
  const auto config =
      directory.write("prometheus.yml",
                      "scrape_configs:\n- job_name: earshot\n  scrape_interval: 500ms\n"
                      "  scrape_timeout: 500ms\n  static_configs:\n  - targets: ['127.0.0.1:" +
                          std::to_string(port) + "']\n");
  Child prometheus({"/usr/bin/prometheus", "--config.file=" + config.string(),
                    "--storage.tsdb.path=" + (directory / "data").string(),
                    "--web.listen-address=127.0.0.1:" + std::to_string(prometheus_port)});
  const std::string query = "/api/v1/query?query=earshot_predictions_total%7Bsource%3D%22porch%22%7D";
  std::string answer;
  for (int i = 0; i < 600 && answer.find("\"value\"") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until it has scraped
    answer = ask_prometheus(prometheus_port, query);
  }
  INFO(answer << prometheus.err());
  const auto document = boost::json::parse(answer);
  const auto& result = document.at("data").at("result").at(0);
  CHECK(result.at("metric").at("job") == "earshot");
  CHECK(std::stoi(std::string(result.at("value").at(1).as_string())) >= 1);
  prometheus.send_signal(SIGTERM);
  CHECK(prometheus.wait() == 0);
}

}  // namespace earshot::test
