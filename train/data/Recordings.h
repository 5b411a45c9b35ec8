// Recordings: which clips are cut from one recording, as far as the names of files tell.
#pragma once

#include <string>
#include <string_view>

#include "train/data/DataSet.h"

namespace earshot {

/// What a file's name says about where the clip is from.
struct RecordingName {
  std::string name;      ///< shared by all clips of the recording; empty if the file's name tells nothing
  bool certain = false;  ///< the name has the form of a data set that is known to name its recordings
};

/// `stem` is the file's name without directory and extension. Known forms: ESC-50's and ESC-10's
/// `FOLD-RECORDING-TAKE[-TARGET]` (1-17367-A-10: 1-17367), UrbanSound8K's `RECORDING-CLASS-OCCURRENCE-SLICE`
/// (100032-3-0-0: 100032), Speech Commands' `SPEAKER_nohash_NUMBER`. Else the name up to a last number of at
/// most four digits, or a single letter, that is set off by a separator or in brackets: kitchen-03,
/// kitchen (3), kitchen_b: kitchen.
RecordingName recording_of(std::string_view stem);

/// Sets `group` of every clip that shares its recording with another, and DataSet::groups. A name that is not
/// certain and the only one in every class where it occurs (doorbell-01 to doorbell-40, all in doorbell/)
/// is taken for a mere numbering: each of its clips stands alone.
void find_recordings(DataSet& data);

}  // namespace earshot
