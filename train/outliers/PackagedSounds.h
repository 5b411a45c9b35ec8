// PackagedSounds: speech, music and single instruments out of Debian packages' files.
#pragma once

#include "train/outliers/RecordedRequest.h"

namespace earshot {

/// Lines that actors speak in games, over and over, half of them as by telephone. A package that is not
/// installed is named and left out. Throws as load_clip() and the sink do.
void make_speech(const RecordedRequest& request);

/// Excerpts of games' music: the more the longer a piece is. The same.
void make_music(const RecordedRequest& request);

/// Single instruments, each played over and over. The same.
void make_instruments(const RecordedRequest& request);

}  // namespace earshot
