// WebSettings: what [publish.web] says.
#pragma once

#include <vector>

#include "daemon/net/Address.h"
#include "daemon/settings/Listeners.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"

namespace earshot {

struct WebSettings {
  Endpoint listen{"127.0.0.1", 7580};
  std::vector<IpNetwork> allow;  ///< who may connect from other machines
  bool operator==(const WebSettings&) const = default;
};

/// `table` is [publish.web]. Throws Error(config).
WebSettings read_web_settings(StrictToml& table, Listeners& listeners);
void write_web_settings(TomlText& text, const WebSettings& web);

}  // namespace earshot
