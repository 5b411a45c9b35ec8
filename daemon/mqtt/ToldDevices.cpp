#include "daemon/mqtt/ToldDevices.h"

#include <cstdlib>
#include <exception>
#include <sstream>
#include <string_view>

#include "daemon/log/Logging.h"
#include "dsp/base/AtomicFile.h"
#include "dsp/base/ReadFile.h"

namespace earshot {
namespace {

constexpr std::uintmax_t kMostToldBytes = 64U << 20U;
constexpr const char* kSwitches = " switches";
constexpr const char* kSender = " sender";
constexpr const char* kGone = " gone";

// topic, id, name, what is so of it, how many labels, they, how many components, they: tabs between them.
std::string line_of(const ToldDevices::Key& key, const ToldDevice& device) {
  std::string line = key.first + '\t' + key.second + '\t' + device.name + "\tis";
  if (device.switches) line += kSwitches;
  if (device.is_sender) line += kSender;
  if (device.is_gone) line += kGone;
  for (const std::vector<std::string>* list : {&device.labels, &device.components}) {
    line += '\t' + std::to_string(list->size());
    for (const std::string& each : *list) line += '\t' + each;
  }
  return line + '\n';
}

class DeviceLine {
 public:
  explicit DeviceLine(const std::string& line) : fields_(line) {}

  std::string next() {
    std::string field;
    if (!std::getline(fields_, field, '\t')) good_ = false;
    return field;
  }
  std::vector<std::string> list() {
    std::vector<std::string> list;
    const int count = std::atoi(next().c_str());
    for (int i = 0; i < count && good_; ++i) list.push_back(next());
    return list;
  }
  bool is_good() const noexcept { return good_; }

 private:
  std::istringstream fields_;
  bool good_ = true;
};

}  // namespace

ToldDevices::ToldDevices(std::filesystem::path file) : file_(std::move(file)) {
  try {
    if (file_.empty()) return;
    remove_unfinished(file_);
    if (!std::filesystem::exists(file_)) return;
    std::istringstream lines(read_file(file_, kMostToldBytes, "a list of devices"));
    for (std::string text; std::getline(lines, text);) {
      DeviceLine line(text);
      Key key;
      key.first = line.next();
      key.second = line.next();
      ToldDevice device;
      device.name = line.next();
      const std::string facts = line.next();
      const auto is = [&](const char* fact) { return facts.find(fact) != std::string::npos; };
      device.switches = is(kSwitches);
      device.is_sender = is(kSender);
      device.is_gone = is(kGone);
      device.labels = line.list();
      device.components = line.list();
      if (line.is_good()) devices_[key] = std::move(device);
    }
  } catch (const std::exception& error) {
    log_warning("MQTT: what the broker was told before is not known: {}", error.what());
  }
}

void ToldDevices::set(const Key& key, ToldDevice device) {
  const auto [found, is_new] = devices_.try_emplace(key);
  if (!is_new && found->second == device) return;
  found->second = std::move(device);
  changed_ = true;
}

void ToldDevices::erase(const Key& key) {
  if (devices_.erase(key) > 0) changed_ = true;
}

// The outbox beside it says what the disk lacks.
void ToldDevices::save() noexcept {
  if (!changed_ || file_.empty()) return;
  try {
    std::string text;
    for (const auto& [key, device] : devices_) text += line_of(key, device);
    write_file_unsynced(file_, text);
    changed_ = false;
  } catch (const std::exception& error) {
    log_debug("MQTT: {}", error.what());
  }
}

}  // namespace earshot
