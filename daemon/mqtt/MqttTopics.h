// MqttTopics: where things are told, below the configured topic and to Home Assistant.
#pragma once

#include <string>
#include <utility>

#include "daemon/settings/SourceSettings.h"

namespace earshot {

inline constexpr const char* kHomeAssistantStatus = "homeassistant/status";
inline constexpr const char* kOnline = "online";  // retained, of us and of a source
inline constexpr const char* kOffline = "offline";

/// `id` is a source's, `part` what follows it.
class MqttTopics {
 public:
  explicit MqttTopics(std::string base) : base_(std::move(base)) {}

  const std::string& base() const noexcept { return base_; }
  std::string below(const std::string& what) const { return base_ + '/' + what; }
  std::string status() const { return below("status"); }
  std::string lost() const { return below("lost"); }
  std::string status(const std::string& id) const { return below(id + "/status"); }
  std::string level(const std::string& id) const { return below(id + "/level"); }
  std::string event(const std::string& id) const { return below(id + "/event"); }
  std::string label(const std::string& id, const std::string& label) const {
    return below(id + "/class/" + slug(label));
  }
  /// Whether its quiet windows are gated, and how somebody says whether they are to be.
  std::string gate(const std::string& id) const { return below(id + "/gate"); }
  std::string gate_command(const std::string& id) const { return gate(id) + "/set"; }
  /// Whether the label is told at all, and how somebody says whether it is to be.
  std::string label_switch(const std::string& id, const std::string& label_) const {
    return label(id, label_) + "/switch";
  }
  std::string label_command(const std::string& id, const std::string& label_) const {
    return label(id, label_) + "/set";
  }

  /// What Home Assistant knows a source by: "earshot_attic_mic" of "earshot/attic".
  std::string device(const std::string& id) const {
    const std::string own = base_.starts_with("earshot/") ? base_.substr(8) : base_;
    return "earshot_" + slug(own) + '_' + id;
  }
  std::string discovery(const std::string& id) const {
    return "homeassistant/device/" + device(id) + "/config";
  }

 private:
  std::string base_;
};

}  // namespace earshot
