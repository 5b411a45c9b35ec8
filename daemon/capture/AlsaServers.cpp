#include "daemon/capture/AlsaServers.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <alsa/asoundlib.h>

namespace earshot {
namespace {

constexpr std::array<std::string_view, 3> kServerTypes{"pulse", "pipewire", "jack"};
constexpr std::string_view kDefault = "default";
constexpr std::string_view kPulseName = "pulse";

std::string id_of(const snd_config_t* node) {
  const char* id = nullptr;
  return snd_config_get_id(node, &id) == 0 && id ? id : "";
}

std::string text_of(const snd_config_t* node) {
  const char* text = nullptr;
  return snd_config_get_type(node) == SND_CONFIG_TYPE_STRING && snd_config_get_string(node, &text) == 0 &&
                 text
             ? text
             : "";
}

template <typename Act>
void for_each_in(const snd_config_t* node, Act act) {
  if (snd_config_get_type(node) != SND_CONFIG_TYPE_COMPOUND) return;
  snd_config_iterator_t each = nullptr;
  snd_config_iterator_t next = nullptr;
  snd_config_for_each(each, next, node) act(snd_config_iterator_entry(each));
}

/// What a name says of itself: its type, and every other text, which may be a name that it stands on.
struct Definition {
  std::string type;
  std::set<std::string> texts;
};

void read_texts(const snd_config_t* node, std::set<std::string>& texts) {
  const std::string text = text_of(node);
  if (!text.empty() && id_of(node) != "type") texts.insert(text);
  for_each_in(node, [&](const snd_config_t* each) { read_texts(each, texts); });
}

Definition definition_of(const snd_config_t* node) {
  Definition definition;
  read_texts(node, definition.texts);
  for_each_in(node, [&](const snd_config_t* each) {
    if (id_of(each) == "type") definition.type = text_of(each);
  });
  return definition;
}

using Definitions = std::map<std::string, Definition>;

Definitions definitions_in(const snd_config_t* names) {
  Definitions all;
  for_each_in(names, [&](const snd_config_t* each) { all.emplace(id_of(each), definition_of(each)); });
  return all;
}

bool stands_on_any(const Definition& definition, const std::set<std::string>& names) {
  return std::ranges::any_of(definition.texts, [&](const std::string& text) { return names.contains(text); });
}

std::set<std::string> names_of_servers(const Definitions& all) {
  std::set<std::string> names;
  for (std::size_t before = 1; names.size() != before;) {
    before = names.size();
    for (const auto& [name, definition] : all) {
      const bool is_server = std::ranges::find(kServerTypes, definition.type) != kServerTypes.end();
      if (is_server || stands_on_any(definition, names)) names.insert(name);
    }
  }
  return names;
}

// `names`, and what they stand on.
std::set<std::string> with_foundations(std::set<std::string> names, const Definitions& all) {
  for (std::size_t before = 0; names.size() != before;) {
    before = names.size();
    for (const std::string& name : std::set<std::string>(names)) {
      for (const std::string& text : all.at(name).texts) {
        if (all.contains(text)) names.insert(text);
      }
    }
  }
  return names;
}

template <typename Keeps>
std::vector<std::string> keep_servers(Keeps keeps) {
  std::vector<std::string> gone;
  snd_config_t* names = nullptr;
  if (snd_config_update() < 0 || snd_config_search(snd_config, "pcm", &names) < 0) return gone;
  const Definitions all = definitions_in(names);
  const std::set<std::string> servers = names_of_servers(all);
  std::set<std::string> kept;
  std::ranges::copy_if(servers, std::inserter(kept, kept.end()), keeps);
  kept = with_foundations(std::move(kept), all);
  for_each_in(names, [&](snd_config_t* each) {  // the one that is deleted is not the next any more
    const std::string name = id_of(each);
    if (!servers.contains(name) || kept.contains(name)) return;
    gone.push_back(name);
    snd_config_delete(each);
  });
  return gone;
}

}  // namespace

std::vector<std::string> keep_alsa_servers_of(std::string_view wanted) {
  return keep_servers([wanted](const std::string& name) {
    return wanted == kDefault ? name == kDefault : name.find(wanted) != std::string::npos;
  });
}

void keep_alsa_pulse() {
  snd_config_update_free_global();
  keep_servers([](const std::string& name) { return name == kPulseName; });
}

}  // namespace earshot
