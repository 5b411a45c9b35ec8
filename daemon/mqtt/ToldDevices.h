// ToldDevices: what brokers keep of us, so that what is gone can be taken back after a restart, too.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace earshot {

struct ToldDevice {
  std::string name;
  std::vector<std::string> labels;      ///< that have a retained state
  std::vector<std::string> components;  ///< known to Home Assistant; none: it is not told
  bool switches = false;                ///< whether those labels have a retained switch
  bool is_sender = false;               ///< that named itself, and may come back
  bool is_gone = false;                 ///< nothing more comes; the broker is yet to acknowledge that
  bool operator==(const ToldDevice&) const = default;
};

/// A line for each in a file, as far as the disk allows: without it what is gone stays with the broker. Names
/// and labels are without tabs and newlines. Not thread safe.
class ToldDevices {
 public:
  /// The configured topic, and the source's id below it.
  using Key = std::pair<std::string, std::string>;

  /// Reads it. An empty path: in memory.
  explicit ToldDevices(std::filesystem::path file);

  const std::map<Key, ToldDevice>& all() const noexcept { return devices_; }
  void set(const Key& key, ToldDevice device);
  void erase(const Key& key);
  /// Writes what has changed, if anything has.
  void save() noexcept;

 private:
  const std::filesystem::path file_;
  std::map<Key, ToldDevice> devices_;
  bool changed_ = false;
};

}  // namespace earshot
