// SourceIds: what topics and entities know sources by.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/settings/SourceSettings.h"

namespace earshot {

/// A configured source has its `id`; a sender that named itself the slug of its name, or, where another has
/// that, one with six digits more that follow from its name. A sender keeps its id while it is known. Not
/// thread safe.
class SourceIds {
 public:
  /// From here on. Names that are no longer configured keep their ids for what still comes of them.
  void configure(const std::vector<SourceSettings>& sources);

  /// A new sender gets one.
  std::string of(const std::string& name);
  /// That an earlier run gave to a sender.
  void remember(const std::string& name, const std::string& id);
  /// Of this name nothing more comes.
  void forget(const std::string& name);

  /// Whether its states are told: it is configured, or a sender, not about to go.
  bool is_present(const std::string& name) const { return !leaving_.contains(name); }
  /// Names and ids of those configured.
  const std::map<std::string, std::string>& configured() const noexcept { return configured_; }

 private:
  bool is_taken(const std::string& id) const;

  std::map<std::string, std::string> configured_;
  std::map<std::string, std::string> leaving_;  // were configured
  std::map<std::string, std::string> senders_;
};

}  // namespace earshot
