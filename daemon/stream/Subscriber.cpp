#include "daemon/stream/Subscriber.h"

#include <algorithm>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/JsonWriter.h"

namespace earshot {
namespace {

constexpr std::size_t kMostUnreadNotices = 16;

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  return list;
}

}  // namespace

Subscriber::Subscriber(const StreamState& state, std::size_t limit_bytes)
    : state_(state), queue_(limit_bytes) {
  queue_.push_notice(state.hello());
}

void Subscriber::deliver(OutgoingMessage& message) {
  if (catching_up_ || !filter_.passes(message.kind())) return;
  queue_.push(message.seq(), message.line(most_scores()));
}

void Subscriber::greet_again(bool begins_anew) {
  if (begins_anew) catching_up_.reset();
  queue_.push_notice(state_.hello());
}

void Subscriber::heartbeat(SharedLine line) {
  if (heartbeat_) return;
  heartbeat_ = line;
  queue_.push_notice(std::move(line));
}

void Subscriber::request(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const auto parsed = parse_request(line);
  if (const auto* error = std::get_if<RequestError>(&parsed)) {
    refuse(*error);
  } else {
    subscribe(std::get<SubscribeRequest>(parsed));
  }
}

void Subscriber::refuse(const RequestError& error) {
  queue_.push_notice(error_line(error));
}

void Subscriber::subscribe(const SubscribeRequest& request) {
  const std::uint64_t next_seq = state_.history().next_seq();
  if (request.instance && *request.instance != state_.instance()) {
    return refuse({"wrong_instance",
                   "instance: found '" + shortened(*request.instance) + "', expected '" + state_.instance() +
                       "': its seqs began anew, with a restart or a model of another kind"});
  }
  if (request.from_seq && *request.from_seq > next_seq) {
    return refuse({"bad_request", fmt::format("from_seq: found {}, expected at most {}, the next one",
                                              *request.from_seq, next_seq)});
  }
  MessageFilter filter{request.topics, {}};
  if (request.sources) {
    std::vector<std::uint16_t>& indices = filter.sources.emplace();
    const std::vector<std::string>& names = state_.source_names();
    for (const std::string& name : *request.sources) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        return refuse({"unknown_source",
                       "sources: found '" + shortened(name) + "', expected one of " + quoted_list(names)});
      }
      const auto index = static_cast<std::uint16_t>(found - names.begin());
      if (!filter.passes_source(index)) indices.push_back(index);
    }
  }

  filter_ = std::move(filter);
  asked_scores_ = request.most_scores;
  if (request.from_seq) catching_up_ = std::max<std::uint64_t>(*request.from_seq, 1);
  queue_.push_notice(
      subscribed_line(std::max(catching_up_.value_or(next_seq), state_.history().first_seq())));
}

SharedLine Subscriber::subscribed_line(std::uint64_t first_seq) const {
  JsonWriter json;
  json.begin_object().field("type", "subscribed").field("instance", state_.instance());
  json.key("types").begin_array();
  for (const std::string_view name : topic_names(filter_.topics)) json.value(name);
  json.end_array().key("sources").begin_array();
  const std::vector<std::string>& names = state_.source_names();
  for (std::uint16_t i = 0; i < names.size(); ++i) {
    if (filter_.passes_source(i)) json.value(names[i]);
  }
  json.end_array().key("scores");
  if (const std::size_t most = most_scores(); most == kAllScores) {
    json.value("all");
  } else if (most == 0) {
    json.value("none");
  } else {
    json.value(most);
  }
  json.field("first_seq", first_seq).end_object();
  return std::make_shared<const std::string>(json.take_line());
}

SharedLine Subscriber::next() {
  if (queue_.empty()) return catching_up_ ? next_from_history() : nullptr;
  SharedLine line = queue_.pop();
  if (line == heartbeat_) heartbeat_.reset();
  return line;
}

SharedLine Subscriber::next_from_history() {
  const History& history = state_.history();
  const std::uint64_t from = *catching_up_;
  const History::Entry* held = history.find_from(from, filter_);
  const std::uint64_t until = held ? held->seq : history.next_seq();
  // Nothing held from here to `until` passes, so whatever passed there is gone.
  if (const std::uint64_t gone = history.count(from, until, filter_); gone > 0) {
    catching_up_ = until;
    return lost_line({from, until - 1, gone});
  }
  if (!held) {
    catching_up_.reset();
    return nullptr;
  }
  catching_up_ = held->seq + 1;
  return OutgoingMessage(held->seq, held->kind, held->message).line(most_scores());
}

bool Subscriber::owes_reading() const noexcept {
  return queue_.notices() > kMostUnreadNotices;
}

}  // namespace earshot
