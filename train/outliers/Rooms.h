// Rooms: what is to be heard in rooms where nothing happens, or hardly anything.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> room_kinds();

}  // namespace earshot
