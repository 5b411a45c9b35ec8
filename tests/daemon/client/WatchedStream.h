// WatchedStream: a daemon's messages, as told to a WatchState.
#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "daemon/client/WatchState.h"

namespace earshot::test {

constexpr double kWatchedMidnight = 1740787200.0;  // 2025-03-01

/// A source "mic" at 16 kHz, a window a second.
struct WatchedStream {
  WatchedStream() {
    tell(R"({"type":"hello","server":"earshotd","version":"1.2","model":{"name":"yamnet"},"labels":["Dog","Bell"],)"
         R"("hop_samples":16000,"rate_hz":16000,"sources":[{"name":"mic","kind":"tcp","state":"up"}]})");
  }
  void tell(const std::string& text) { state.take(boost::json::parse(text).as_object(), kWatchedMidnight); }
  /// A window that ends `t` seconds after midnight, t < 600.
  void predict(double t, const std::vector<std::string>& heard, double level_dbfs = -30.0, bool gated = false) {
    boost::json::object message{
        {"type", "prediction"}, {"source", "mic"}, {"level_dbfs", level_dbfs}, {"gated", gated}};
    const int second = static_cast<int>(t);
    message["time"] = fmt::format("2025-03-01T00:{:02}:{:02}.000000Z", second / 60, second % 60);
    if (!gated) {
      message["label"] = heard.empty() ? "Wind" : heard.front();
      message["confidence"] = heard.empty() ? 0.25 : 0.75;
      message["heard"] = boost::json::array(heard.begin(), heard.end());
    }
    state.take(message, 0.0);
  }

  WatchState state{"127.0.0.1:7557"};
};

}  // namespace earshot::test
