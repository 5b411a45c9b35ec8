#include "daemon/web/WebOutlet.h"

#include <utility>

#include "daemon/log/Logging.h"

namespace earshot {

void WebOutlet::change(const Config& config, const StreamFacts& facts) {
  if (config.publish_web != settings_) serve(config.publish_web);
  tally_.change(facts);
}

void WebOutlet::serve(const std::optional<WebSettings>& to) {
  if (settings_ && to && collide(settings_->listen, to->listen)) {  // its own door is in the way
    server_.reset();
    settings_.reset();
  }
  server_ = to ? open(*to) : nullptr;
  settings_ = to;
}

std::unique_ptr<WebServer> WebOutlet::open(const WebSettings& settings) {
  auto server = std::make_unique<WebServer>(
      settings, [this](std::string_view target) { return pages_.answer(target); }, &pulses_);
  log_info("metrics and health at http://{}", Endpoint{settings.listen.host, server->port()}.text());
  return server;
}

void WebOutlet::stop(std::chrono::milliseconds) noexcept {
  server_.reset();
}

}  // namespace earshot
