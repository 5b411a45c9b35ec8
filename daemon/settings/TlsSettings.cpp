#include "daemon/settings/TlsSettings.h"

#include <variant>

#include "daemon/settings/Config.h"

namespace earshot {

TlsSettings read_tls_settings(StrictToml& table) {
  const auto file = [&](const char* key, const char* expected) {
    if (table.text(key, "").empty())
      table.refuse(key, table.has(key) ? "an empty string" : "nothing", expected);
    return table.path(key, "");
  };
  TlsSettings tls{
      .certificate = file("certificate", "the path of a certificate, such as `earshot certificate` makes"),
      .key = file("key", "the path of the certificate's key"),
      .token_file = file("token_file", "the path of a file with a token, such as `earshot token` makes")};
  table.reject_unknown();
  return tls;
}

void write_tls_settings(TomlText& text, const TlsSettings& tls) {
  text.header("[publish.tls]");
  text.line("certificate", toml_string(std::filesystem::absolute(tls.certificate).string()));
  text.line("key", toml_string(std::filesystem::absolute(tls.key).string()));
  text.line("token_file", toml_string(std::filesystem::absolute(tls.token_file).string()));
}

void load_tls(Config& config, const Config* running) {
  if (!config.publish_tls) return;
  TlsSettings& tls = *config.publish_tls;
  tls.identity = std::make_shared<TlsIdentity>(tls.certificate, tls.key, tls.token_file);
  if (running && running->publish_tls && *running->publish_tls->identity == *tls.identity)
    tls.identity = running->publish_tls->identity;
  config.publish_tcp.tls = tls;
  for (SourceSettings& source : config.sources) {
    auto* const tcp = std::get_if<TcpSettings>(&source.kind);
    if (tcp && tcp->tls) tcp->tls = tls;
  }
}

}  // namespace earshot
