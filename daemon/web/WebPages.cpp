#include "daemon/web/WebPages.h"

#include <spdlog/fmt/fmt.h>

#include "daemon/stream/JsonLine.h"
#include "daemon/web/MetricsPage.h"
#include "dsp/base/Utf8.h"

namespace earshot {

WebAnswer WebPages::answer(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics") return metrics();
  if (path == "/healthz") return health();
  if (path == "/readyz") return readiness();
  return {404, "nothing is here, expected /metrics, /healthz or /readyz\n"};
}

WebAnswer WebPages::metrics() const {
  return {200, metrics_page(tally_.heard(), counters_, utc_), "text/plain; version=0.0.4; charset=utf-8"};
}

WebAnswer WebPages::health() const {
  std::string body;
  for (const std::string& name : pulses_.standing_still()) body += name + " stands still\n";
  if (body.empty()) return {200, "ok\n"};
  return {503, body};
}

WebAnswer WebPages::readiness() const {
  const HeardTally::Heard heard = tally_.heard();
  std::size_t up = 0;
  std::string others;
  for (const auto& [name, source] : heard.sources) {
    if (source.state == SourceState::up) {
      ++up;
    } else {
      others += printable(fmt::format("{} is {}{}{}", name, to_string(source.state),
                                      source.detail.empty() ? "" : ": ", source.detail)) +
                '\n';
    }
  }
  return {up > 0 ? 200U : 503U, fmt::format("{} of {} sources up\n{}", up, heard.sources.size(), others)};
}

}  // namespace earshot
