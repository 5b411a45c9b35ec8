// `earshot send`: a file as live network audio.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>

#include "daemon/net/Address.h"
#include "daemon/net/ClientSocket.h"
#include "daemon/settings/Config.h"

namespace earshot {

struct SendSettings {
  std::filesystem::path file;
  Endpoint to;
  PcmSettings pcm;     ///< what a tcp source expects unless it is configured otherwise; rate_hz 0: the file's
  std::string source;  ///< how it names itself, to a source of many senders; empty: it does not
  std::optional<TlsCredentials> tls = {};  ///< where the source speaks TLS
  double speed = 1.0;  ///< times real time; 0: as fast as it is taken
};

/// Returns once the receiver has closed, or was given time to. Sound of the file that cannot be read is named
/// on `errors`, and is silence as far as the file tells its length: raw PCM has no gaps. Throws Error as
/// AudioFile and ClientSocket do; a receiver that refuses or closes before it has taken everything is
/// unavailable.
void send_file(const SendSettings& settings, std::ostream& errors);

}  // namespace earshot
