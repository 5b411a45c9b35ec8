#include "daemon/mqtt/SourceIds.h"

#include <algorithm>
#include <utility>

#include "dsp/base/Sha256.h"

namespace earshot {
namespace {

constexpr std::size_t kDigits = 6;

bool has_id(const std::map<std::string, std::string>& ids, const std::string& id) {
  return std::ranges::any_of(ids, [&](const auto& each) { return each.second == id; });
}

}  // namespace

void SourceIds::configure(const std::vector<SourceSettings>& sources) {
  const std::map<std::string, std::string> before = std::exchange(configured_, {});
  for (const SourceSettings& source : sources) {
    if (!is_for_many(source)) configured_[source.name] = source.id;
  }
  for (const auto& [name, id] : before) {
    if (!configured_.contains(name)) leaving_[name] = id;
  }
  for (const auto& [name, id] : configured_) {
    leaving_.erase(name);
    senders_.erase(name);
  }
  std::erase_if(senders_, [this](const auto& each) { return has_id(configured_, each.second); });
}

std::string SourceIds::of(const std::string& name) {
  for (const auto* known : {&configured_, &leaving_, &senders_}) {
    if (const auto found = known->find(name); found != known->end()) return found->second;
  }
  std::string id = slug(name);
  if (is_taken(id)) id += '_' + sha256_of(name).substr(0, kDigits);
  senders_[name] = id;
  return id;
}

void SourceIds::remember(const std::string& name, const std::string& id) {
  if (!configured_.contains(name) && !is_taken(id)) senders_[name] = id;
}

void SourceIds::forget(const std::string& name) {
  leaving_.erase(name);
  senders_.erase(name);
}

bool SourceIds::is_taken(const std::string& id) const {
  return has_id(configured_, id) || has_id(senders_, id);
}

}  // namespace earshot
