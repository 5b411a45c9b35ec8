// Voices: texts that espeak-ng speaks.
#pragma once

#include "train/outliers/RecordedRequest.h"

namespace earshot {

/// One of each of voice_lines(), by a voice, at a speed and a pitch that chance picks. Nothing where
/// espeak-ng is not installed. Throws Error(unavailable) if it fails, what the sink throws, and Error(io) for
/// its scratch file.
void make_voices(const RecordedRequest& request);

}  // namespace earshot
