#include "daemon/stream/StreamState.h"

#include <algorithm>
#include <chrono>

#include "dsp/base/JsonWriter.h"

namespace earshot {
namespace {

constexpr std::string_view kSenderKind = "tcp";

SharedLine shared(JsonWriter& json) {
  return std::make_shared<const std::string>(json.take_line());
}

Topic topic_of(const Message& message) noexcept {
  if (std::holds_alternative<Prediction>(message)) return Topic::prediction;
  if (std::holds_alternative<Event>(message)) return Topic::event;
  if (std::holds_alternative<ClockStep>(message)) return Topic::clock;
  return std::holds_alternative<Gap>(message) ? Topic::gap : Topic::source;
}

// Of a message that is of one.
const std::string& source_of(const Message& message) noexcept {
  return std::visit(
      [](const auto& what) -> const std::string& {
        static const std::string none;
        if constexpr (requires { what.source; }) return what.source;
        return none;
      },
      message);
}

}  // namespace

const SharedLine& OutgoingMessage::line(std::size_t most_scores) {
  const Prediction* prediction = std::get_if<Prediction>(&message_);
  const std::size_t scores = prediction ? std::min(most_scores, prediction->scores.size()) : 0;
  for (const auto& [made_with, line] : lines_) {
    if (made_with == scores) return line;
  }
  return lines_.emplace_back(scores, std::make_shared<const std::string>(json_line(message_, seq_, scores)))
      .second;
}

StreamState::StreamState(StreamFacts facts, std::size_t history, Counters& counters, UtcClock& utc)
    : facts_(std::move(facts)), counters_(counters), utc_(utc), history_(history) {
  name_sources();
}

void StreamState::change(StreamFacts facts, std::size_t history) {
  const bool begins_anew = facts.instance != facts_.instance;
  facts_ = std::move(facts);
  history_.keep(history);
  if (begins_anew) {
    history_ = History(history);
    for (std::size_t i = 0; i < source_names_.size(); ++i) {
      if (!forgotten_[i]) forget(static_cast<std::uint16_t>(i));
    }
  }
  name_sources();
}

void StreamState::name_sources() {
  for (const SourceFacts& source : facts_.sources) source_kinds_[source_index(source.name)] = source.kind;
}

std::uint16_t StreamState::source_index(const std::string& name) {
  const auto found = std::find(source_names_.begin(), source_names_.end(), name);
  auto index = static_cast<std::uint16_t>(found - source_names_.begin());
  if (found == source_names_.end()) {
    if (source_names_.size() < kMostSources || free_.empty()) {
      source_names_.emplace_back();
      source_kinds_.emplace_back();
      source_states_.emplace_back();
      forgotten_.push_back(true);
    } else {
      index = free_.front();
    }
    source_names_[index] = name;
  }
  if (forgotten_[index]) {
    forgotten_[index] = false;
    source_kinds_[index] = kSenderKind;  // unless the facts say otherwise
    source_states_[index] = SourceState::starting;
    std::erase(free_, index);
  }
  return index;
}

void StreamState::forget(std::uint16_t source) {
  forgotten_[source] = true;
  free_.push_back(source);
  counters_.sources.let_go();
}

template <typename Act>
void StreamState::for_each_source(Act act) const {
  for (std::size_t i = 0; i < source_names_.size(); ++i) {
    if (!forgotten_[i]) act(i);
  }
}

OutgoingMessage StreamState::add(const Message& message) {
  const Topic topic = topic_of(message);
  const MessageKind kind{topic, topic == Topic::clock ? kNoSource : source_index(source_of(message))};
  if (const auto* change = std::get_if<SourceChange>(&message)) {
    source_states_[kind.source] = change->state;
    if (change->forgotten) forget(kind.source);
  }
  const std::uint64_t seq = history_.add(kind, message);
  return {seq, kind, message};
}

SharedLine StreamState::hello() const {
  JsonWriter json;
  json.begin_object().field("type", "hello").field("schema", 1U).field("server", "earshotd");
  json.field("version", EARSHOT_VERSION).field("instance", facts_.instance);
  json.key("model")
      .begin_object()
      .field("name", facts_.model_name)
      .field("sha256", facts_.model_sha256)
      .field("scores", facts_.several_labels ? "sigmoid" : "softmax")
      .end_object();
  json.key("labels").begin_array();
  for (const std::string& label : facts_.labels) json.value(label);
  json.end_array();
  json.field("window_samples", facts_.window_samples).field("hop_samples", facts_.hop_samples);
  json.field("rate_hz", static_cast<unsigned>(facts_.rate_hz));
  json.key("sources").begin_array();
  for_each_source([&](std::size_t i) {
    json.begin_object().field("name", source_names_[i]);
    json.field("kind", source_kinds_[i]);
    json.field("state", to_string(source_states_[i])).end_object();
  });
  json.end_array();
  json.field("first_seq", history_.first_seq()).field("next_seq", history_.next_seq()).end_object();
  return shared(json);
}

SharedLine StreamState::heartbeat(std::size_t clients) const {
  const auto now = BootClock::now();
  JsonWriter json;
  json.begin_object().field("type", "heartbeat");
  json.field("time", rfc3339(utc_.at(now)));
  json.key("uptime_s").fixed(std::chrono::duration<double>(now - facts_.started).count(), 3);
  json.field("next_seq", history_.next_seq());
  json.field("predictions", counters_.predictions.load(std::memory_order_relaxed));
  json.field("dropped_samples", counters_.dropped_samples.load(std::memory_order_relaxed));
  json.field("bad_samples", counters_.bad_samples.load(std::memory_order_relaxed));
  json.field("clients", clients);
  json.key("sources").begin_array();
  for_each_source([&](std::size_t i) {
    const auto gauges = counters_.sources.of(source_names_[i]);
    json.begin_object().field("name", source_names_[i]).field("state", to_string(source_states_[i]));
    json.key("lag_s").fixed(gauges->lag_s.load(std::memory_order_relaxed), 3);
    json.key("level_dbfs").fixed(gauges->level_dbfs.load(std::memory_order_relaxed), 2);
    json.field("skipped_windows", gauges->skipped_windows.load(std::memory_order_relaxed));
    json.key("drift_ppm").fixed(gauges->drift_ppm.load(std::memory_order_relaxed), 1).end_object();
  });
  json.end_array().end_object();
  return shared(json);
}

SharedLine error_line(const RequestError& error) {
  JsonWriter json;
  json.begin_object()
      .field("type", "error")
      .field("code", error.code)
      .field("message", error.message)
      .end_object();
  return shared(json);
}

SharedLine bye_line(std::string_view reason) {
  JsonWriter json;
  json.begin_object().field("type", "bye").field("reason", reason).end_object();
  return shared(json);
}

}  // namespace earshot
