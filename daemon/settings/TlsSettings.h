// TlsSettings: what [publish.tls] says, and what its files hold.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "daemon/net/TlsIdentity.h"
#include "daemon/settings/TomlText.h"
#include "dsp/base/StrictToml.h"

namespace earshot {

struct TlsSettings {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path token_file;
  /// Of those files, once load_tls() has read them; one object as long as they hold the same.
  std::shared_ptr<const TlsIdentity> identity = {};
  bool operator==(const TlsSettings&) const = default;
};

struct Config;

/// `table` is [publish.tls]. Reads none of the files. Throws Error(config).
TlsSettings read_tls_settings(StrictToml& table);
void write_tls_settings(TomlText& text, const TlsSettings& tls);

/// Reads the files, and gives what they hold to all that speaks TLS; where it is what `running` has, the same
/// object. Null: nothing runs. Throws as TlsIdentity does.
void load_tls(Config& config, const Config* running);

}  // namespace earshot
