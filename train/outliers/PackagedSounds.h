// PackagedSounds: music and single instruments out of Debian packages' files.
#pragma once

#include "train/outliers/RecordedRequest.h"

namespace earshot {

/// Excerpts of games' music: three of each piece, one of a short one. A package that is not installed is
/// named and left out. Throws as load_clip() and the sink do.
void make_music(const RecordedRequest& request);

/// Single instruments, each played over and over. The same.
void make_instruments(const RecordedRequest& request);

}  // namespace earshot
