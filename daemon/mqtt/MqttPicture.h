// MqttPicture: what is so at this moment: which sources are up, which of their sounds go on, how loud they
// are.
#pragma once

#include <map>
#include <set>
#include <string>

#include "daemon/hearing/Message.h"

namespace earshot {

/// Of each source by its name. Not thread safe.
class MqttPicture {
 public:
  struct Source {
    bool up = false;
    bool forgotten = false;          ///< nothing more comes
    std::set<std::string> going_on;  ///< labels
    float level_dbfs = -120.0F;
    bool has_level = false;
  };

  /// Whether more than a level has changed.
  bool take(const Message& message) {
    if (const auto* prediction = std::get_if<Prediction>(&message)) {
      Source& source = sources_[prediction->source];
      source.level_dbfs = static_cast<float>(prediction->level_dbfs);
      source.has_level = true;
      return false;
    }
    if (const auto* event = std::get_if<Event>(&message)) {
      Source& source = sources_[event->source];
      if (event->phase == Event::Phase::start) {
        source.going_on.insert(event->label);
      } else {
        source.going_on.erase(event->label);
      }
      return true;
    }
    if (const auto* change = std::get_if<SourceChange>(&message)) {
      Source& source = sources_[change->source];
      source.up = change->state == SourceState::up;
      source.forgotten = change->forgotten;
      return true;
    }
    return false;
  }

  /// Of those that are forgotten nothing is left.
  void let_go() {
    std::erase_if(sources_, [](const auto& each) { return each.second.forgotten; });
  }

  const std::map<std::string, Source>& sources() const noexcept { return sources_; }

 private:
  std::map<std::string, Source> sources_;
};

}  // namespace earshot
