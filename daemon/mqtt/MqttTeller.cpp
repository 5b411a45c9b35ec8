#include "daemon/mqtt/MqttTeller.h"

#include <algorithm>
#include <cmath>

#include "daemon/stream/JsonLine.h"
#include "dsp/base/JsonWriter.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

constexpr float kLevelStepDb = 1.0F;  // what differs by less is no change
constexpr const char* kOn = "ON";
constexpr const char* kOff = "OFF";

// An object's text with more fields at its beginning.
std::string with_fields(JsonWriter& fields, std::string_view object) {
  std::string text = fields.end_object().take_line();
  text.resize(text.size() - 2);  // "}\n"
  text += ',';
  text += object.substr(1);
  if (text.back() == '\n') text.pop_back();
  return text;
}

std::string loss_json(const Outbox::Loss& loss) {
  JsonWriter json;
  json.begin_object().field("type", "lost").field("messages", loss.messages);
  json.field("first_time", loss.first_time).field("last_time", loss.last_time).end_object();
  std::string text = json.take_line();
  text.pop_back();
  return text;
}

}  // namespace

MqttTeller::MqttTeller(std::filesystem::path directory, GateSwitches& gates, const MqttTimes& times)
    : gates_(gates),
      times_(times),
      outbox_(directory, times.outbox),
      told_(outbox_.holds_folder() ? directory / "devices" : std::filesystem::path()) {}

void MqttTeller::want(const MqttWish& wish) {
  wish_ = wish;
  topics_.emplace(wish.settings.topic);
  ids_.configure(wish.sources);
  for (const auto& [key, device] : told_.all()) {
    if (key.first == topics_->base() && device.is_sender && !device.is_gone)
      ids_.remember(device.name, key.second);
  }
  if (!wish.settings.switches) switch_all_on();
  discovered_.clear();
  has_news_ = true;
}

void MqttTeller::switch_all_on() {
  off_.clear();
  gates_off_.clear();
  switch_gates({});
}

std::string MqttTeller::event_type(const std::string& label) const {
  const auto& labels = wish_->settings.labels;
  return std::ranges::find(labels, label) == labels.end() ? kOtherLabel : label;
}

void MqttTeller::keep(const HeardEvent& heard) {
  const Event& event = heard.event;
  const std::string id = ids_.of(event.source);
  if (is_off(id, event.label)) return;
  JsonWriter fields;
  fields.begin_object().field("event_type", event_type(event.label));
  outbox_.add({.topic = id + "/event",
               .time = rfc3339(event.time),
               .payload = with_fields(fields, json_line(event, std::nullopt)),
               .heard = heard.heard});
}

void MqttTeller::keep(const Outbox::Loss& loss) {
  outbox_.add({.topic = "lost",
               .time = loss.last_time,
               .payload = loss_json(loss),
               .heard = BootClock::now(),
               .messages = loss.messages});
}

void MqttTeller::forget(const MqttPicture& picture) {
  for (const auto& [name, source] : picture.sources()) {
    if (!source.forgotten) continue;
    ids_.forget(name);
    const auto all = told_.all();
    for (const auto& [key, device] : all) {
      if (key.first != topics_->base() || device.name != name) continue;
      ToldDevice gone = device;
      gone.is_gone = true;
      told_.set(key, std::move(gone));
      settling_.erase(key);
    }
  }
  told_.save();
}

void MqttTeller::begin(MqttConnection& connection) {
  retained_.clear();
  discovered_.clear();
  levels_.clear();
  levels_at_ = {};
  settling_.clear();
  in_flight_.reset();
  goodbye_.reset();
  has_said_goodbye_ = false;
  if (wish_->settings.homeassistant) connection.subscribe(kHomeAssistantStatus);
  if (!wish_->settings.switches) return;
  connection.subscribe(topics_->below("+/class/+/set"));
  connection.subscribe(topics_->below("+/gate/set"));
}

void MqttTeller::end() noexcept {
  in_flight_.reset();
  outbox_.let_go();
}

void MqttTeller::tell(MqttConnection& connection, const MqttPicture& picture) {
  const Devices devices = present(picture);
  switch_gates(devices);
  retire_gone(connection, devices);
  const bool with_levels = BootClock::now() >= levels_at_;
  if (with_levels) levels_at_ = BootClock::now() + times_.level;
  for (const auto& [id, device] : devices) {
    discover(connection, id, device);
    tell_states(connection, id, device);
    if (with_levels) tell_level(connection, id, device);
  }
  retain(connection, topics_->status(), kOnline);  // all that stood there from before is mended by now
  tell_next(connection);
  told_.save();
  has_news_ = false;
}

// Those configured, those that are heard, and senders that were here in an earlier run and may come back.
MqttTeller::Devices MqttTeller::present(const MqttPicture& picture) {
  Devices devices;
  if (std::ranges::any_of(wish_->sources, is_for_many)) {
    for (const auto& [key, told] : told_.all()) {
      if (key.first == topics_->base() && told.is_sender && !told.is_gone)
        devices[key.second] = {.name = told.name, .is_sender = true};
    }
  }
  for (const auto& [name, source] : picture.sources()) {
    if (!ids_.is_present(name)) continue;
    devices[ids_.of(name)] = {name, &source, true};
  }
  for (const auto& [name, id] : ids_.configured()) {
    const auto source = picture.sources().find(name);
    const bool is_heard = source != picture.sources().end();
    devices[id] = {name, is_heard ? &source->second : nullptr, false};
  }
  return devices;
}

// By the names that sources have now.
void MqttTeller::switch_gates(const Devices& devices) {
  std::set<std::string> names;
  for (const auto& [id, device] : devices) {
    if (gates_off_.contains(id)) names.insert(device.name);
  }
  if (names == ungated_) return;
  gates_.switch_off(names);
  ungated_ = std::move(names);
}

void MqttTeller::retire_gone(MqttConnection& connection, const Devices& devices) {
  const auto all = told_.all();
  for (const auto& [key, told] : all) {
    if (key.first == topics_->base() && devices.contains(key.second)) continue;
    if (const auto found = settling_.find(key); found != settling_.end() && !found->second.then) continue;
    retire(connection, key, told);
  }
}

// Whoever comes later finds nothing of it but that it is offline.
void MqttTeller::retire(MqttConnection& connection, const ToldDevices::Key& key, const ToldDevice& told) {
  const MqttTopics topics(key.first);
  const std::string& id = key.second;
  if (!told.components.empty()) clear(connection, topics.discovery(id));
  for (const std::string& label : told.labels) {
    clear(connection, topics.label(id, label));
    if (told.switches) clear(connection, topics.label_switch(id, label));
  }
  if (told.switches) clear(connection, topics.gate(id));
  clear(connection, topics.level(id));
  settling_[key] = {connection.publish(topics.status(id), kOffline, true), std::nullopt};
  retained_.erase(topics.status(id));
  levels_.erase(id);
  discovered_.erase(id);
}

void MqttTeller::tell_states(MqttConnection& connection, const std::string& id, const Device& device) {
  const MqttPicture::Source nothing;
  const MqttPicture::Source& source = device.source ? *device.source : nothing;
  for (const std::string& label : wish_->settings.labels) {
    const bool is_on = !is_off(id, label);
    if (wish_->settings.switches) retain(connection, topics_->label_switch(id, label), is_on ? kOn : kOff);
    retain(connection, topics_->label(id, label), is_on && source.going_on.contains(label) ? kOn : kOff);
  }
  if (wish_->settings.switches) retain(connection, topics_->gate(id), gates_off_.contains(id) ? kOff : kOn);
  retain(connection, topics_->status(id), source.up ? kOnline : kOffline);
}

// And what it was before and is no more.
void MqttTeller::discover(MqttConnection& connection, const std::string& id, const Device& device) {
  if (const auto found = discovered_.find(id); found != discovered_.end() && found->second == device.name)
    return;
  discovered_[id] = device.name;
  const MqttSettings& settings = wish_->settings;
  const ToldDevices::Key key{topics_->base(), id};
  const auto before = told_.all().find(key);
  const DiscoveredSource source{id, device.name, wish_->model, settings.labels, settings.switches};
  ToldDevice told{.name = device.name,
                  .labels = settings.labels,
                  .components = {},
                  .switches = settings.switches,
                  .is_sender = device.is_sender};
  if (settings.homeassistant) told.components = component_keys(source);
  ToldDevice meanwhile = told;  // and what was, until the broker has acknowledged that it is no more
  std::optional<int> last;
  if (before != told_.all().end()) {
    meanwhile.switches = told.switches || before->second.switches;
    if (before->second.switches && !settings.switches) last = clear(connection, topics_->gate(id));
    for (const std::string& label : before->second.labels) {
      const bool is_listed = std::ranges::find(settings.labels, label) != settings.labels.end();
      if (before->second.switches && !(is_listed && settings.switches))
        last = clear(connection, topics_->label_switch(id, label));
      if (is_listed) continue;
      last = clear(connection, topics_->label(id, label));
      meanwhile.labels.push_back(label);
    }
    std::vector<std::string> gone;
    std::ranges::copy_if(before->second.components, std::back_inserter(gone), [&](const std::string& each) {
      return std::ranges::find(told.components, each) == told.components.end();
    });
    meanwhile.components.insert(meanwhile.components.end(), gone.begin(), gone.end());
    if (!settings.homeassistant && !gone.empty()) {
      last = clear(connection, topics_->discovery(id));
    } else if (!gone.empty()) {
      connection.publish(topics_->discovery(id), discovery_message(*topics_, source, gone), true);
    }
  }
  if (settings.homeassistant)
    last = connection.publish(topics_->discovery(id), discovery_message(*topics_, source, {}), true);
  told_.set(key, std::move(meanwhile));
  settling_.erase(key);
  if (last) settling_[key] = {*last, std::move(told)};
}

void MqttTeller::tell_level(MqttConnection& connection, const std::string& id, const Device& device) {
  if (!device.source || !device.source->has_level) return;
  const float level = device.source->level_dbfs;
  const auto told = levels_.find(id);
  if (told != levels_.end() && std::abs(told->second - level) < kLevelStepDb) return;
  levels_[id] = level;
  JsonWriter number;
  std::string text = number.fixed(level, 1).take_line();
  text.pop_back();
  connection.publish(topics_->level(id), text, true);
}

void MqttTeller::retain(MqttConnection& connection, const std::string& topic, const std::string& payload) {
  const auto [told, is_new] = retained_.try_emplace(topic);
  if (!is_new && told->second == payload) return;
  told->second = payload;
  connection.publish(topic, payload, true);
}

int MqttTeller::clear(MqttConnection& connection, const std::string& topic) {
  retained_.erase(topic);
  return connection.publish(topic, "", true);
}

// The broker acknowledges in order: it has all of a device that has this.
void MqttTeller::settle(int number) {
  const auto found =
      std::ranges::find(settling_, number, [](const auto& each) { return each.second.number; });
  if (found == settling_.end()) return;
  if (found->second.then) {
    told_.set(found->first, std::move(*found->second.then));
  } else {
    told_.erase(found->first);
  }
  settling_.erase(found);
}

// One at a time: what is sent again stands directly behind its first copy.
void MqttTeller::tell_next(MqttConnection& connection) {
  if (in_flight_) return;
  if (const Outbox::Loss& loss = outbox_.loss(); loss.messages > 0) {
    in_flight_ = {connection.publish(topics_->lost(), loss_json(loss), false), true, 0};
    outbox_.hold_loss();
  } else if (!outbox_.empty()) {
    const Outbox::Entry& entry = outbox_.front();
    std::string payload = entry.payload;
    if (!entry.heard || BootClock::now() - *entry.heard > times_.late) {
      JsonWriter late;
      late.begin_object().field("late", true);
      payload = with_fields(late, payload);
    }
    in_flight_ = {connection.publish(topics_->below(entry.topic), payload, false), false,
                  outbox_.front_number()};
    outbox_.hold_front();
  }
}

void MqttTeller::take(MqttConnection& connection) {
  for (const int number : connection.acknowledged()) {
    has_said_goodbye_ = has_said_goodbye_ || number == goodbye_;
    settle(number);
    if (!in_flight_ || in_flight_->number != number) continue;
    if (in_flight_->is_loss) {
      outbox_.forget_loss();
    } else {
      outbox_.remove(in_flight_->which);
    }
    in_flight_.reset();
    tell_next(connection);
  }
  told_.save();
  for (const MqttConnection::Received& received : connection.received()) {
    if (received.retained) continue;  // what somebody said some time ago
    has_news_ = true;
    if (received.topic != kHomeAssistantStatus) {
      command(received);
    } else if (received.payload == kOnline) {
      discovered_.clear();
    }
  }
}

void MqttTeller::say_goodbye(MqttConnection& connection) {
  if (!goodbye_) goodbye_ = connection.publish(topics_->status(), kOffline, true);
}

void MqttTeller::command(const MqttConnection::Received& received) {
  const bool is_on = received.payload == kOn;
  const bool is_command = is_on || received.payload == kOff;
  for (const auto& [key, device] : told_.all()) {
    if (key.first != topics_->base() || !is_command) continue;
    if (received.topic == topics_->gate_command(key.second)) {
      if (is_on ? gates_off_.erase(key.second) > 0 : gates_off_.insert(key.second).second)
        log_info("MQTT: the gate of source '{}' is switched {}", device.name, is_on ? "on" : "off");
      return;
    }
    for (const std::string& label : wish_->settings.labels) {
      if (received.topic != topics_->label_command(key.second, label)) continue;
      if (is_on ? off_.erase({key.second, label}) > 0 : off_.insert({key.second, label}).second)
        commands_.line(LogSummary::Clock::now(), "MQTT: '{}' of source '{}' is switched {}", label,
                       device.name, is_on ? "on" : "off");
      return;
    }
  }
  odd_commands_.line(LogSummary::Clock::now(),
                     "MQTT: passed over \"{}\" to {}, expected ON or OFF to a switch",
                     printable(received.payload.substr(0, 40)), printable(received.topic.substr(0, 200)));
}

}  // namespace earshot
