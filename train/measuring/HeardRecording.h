// HeardRecording: what a model says of each window of a recording, as the live path hears it, kept to find events in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/events/Event.h"
#include "nn/events/EventRules.h"
#include "nn/inference/Classifier.h"
#include "nn/model/Model.h"

namespace earshot {

/// Of the scores those at or above heard_thresholds() of the model, which are all that its rules look at, and rules
/// whose thresholds are higher: some 300 kB an hour where little is heard.
struct HeardRecording {
  struct Score {
    std::uint32_t label = 0;
    float score = 0.0F;
  };
  struct Window {
    std::uint64_t start_sample = 0;   ///< at the model's rate, lost ones included
    std::uint64_t end_sample = 0;     ///< exclusive, without padding
    std::uint64_t onset_samples = 0;  ///< where its sound begins
    std::size_t scores_end = 0;       ///< in `scores`; they begin where the window before ends
    bool gated = false;
  };

  std::vector<Window> windows;
  std::vector<Score> scores;
  std::vector<bool> held;           ///< one a label, or none: an event of it is no false alarm
  std::uint64_t heard_samples = 0;  ///< under any window, without padding
  bool padded = false;              ///< shorter than a window
  std::uint64_t bad_samples = 0;
  std::vector<std::string> damages;  ///< a line each

  bool holds(std::size_t label) const { return !held.empty() && held[label]; }
};

/// One thread's tools to hear recordings with: the model's rate, the usual hop and gate of live sound.
class RecordingHearer {
 public:
  /// Throws Error(bad_data) if the model's window is shorter than the usual hop, and as Classifier does. `network` is
  /// the model's.
  RecordingHearer(const Model& model, std::shared_ptr<const PreparedNetwork> network);
  ~RecordingHearer();
  RecordingHearer(RecordingHearer&&) noexcept;

  /// Block by block, however long it is. No window spans what is lost of it; one shorter than a window is filled up
  /// with silence. Ends early once `stopped()`. Throws as AudioFile does, Error(no_input) for what is no file.
  HeardRecording hear(const std::filesystem::path& file, const std::function<bool()>& stopped);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The events of a recording, each as it ends, in that order. `rules` are of label tracks only, of the model that heard
/// it, with thresholds as high at least; they need to live no longer than the call.
std::vector<Event> events_of(const HeardRecording& recording, const EventRules& rules);

}  // namespace earshot
