// NamedPulseSource: who names a source of PulseAudio or PipeWire hears that one or none.
#pragma once

#include <string>

namespace earshot {

/// From now on ALSA's plugin "pulse" records, in this process, from the source called `name`.
///
/// Sound servers give a stream another source when its own goes away (PulseAudio) or is not there (PipeWire), unless
/// the stream forbids it, and the plugin (alsa-plugins 1.2.7) has no setting for that. So programs that link this file
/// have a pa_stream_connect_record of their own, which comes before the library's and forbids it for every stream that
/// names its source: here, in PULSE_SOURCE, or as `device` in ALSA's configuration. Such a stream ends with its
/// source; one that names none goes wherever the server's default does.
void name_pulse_source(const std::string& name);

}  // namespace earshot
