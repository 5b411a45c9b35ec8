#include "daemon/settings/WebSettings.h"

namespace earshot {

WebSettings read_web_settings(StrictToml& table, Listeners& listeners) {
  WebSettings web;
  web.allow = read_allow(table);
  web.listen = read_endpoint(table, table.text("listen", web.listen.text()),
                             "\"127.0.0.1:7580\" or \"[::1]:7580\"", web.allow);
  listeners.add(table, web.listen);
  table.reject_unknown();
  return web;
}

void write_web_settings(TomlText& text, const WebSettings& web) {
  text.header("[publish.web]");
  text.listener({web.listen}, web.allow);
}

}  // namespace earshot
