#include "daemon/stream/ClientQueue.h"

#include <algorithm>
#include <utility>

#include "dsp/base/JsonWriter.h"

namespace earshot {

SharedLine lost_line(const LostMessages& lost) {
  JsonWriter json;
  json.begin_object().field("type", "lost").field("from_seq", lost.from_seq).field("to_seq", lost.to_seq);
  json.field("messages", lost.messages).end_object();
  return std::make_shared<const std::string>(json.take_line());
}

void ClientQueue::push(std::uint64_t seq, SharedLine line) {
  items_.push_back({seq, std::move(line), {}});
  bytes_ += cost(items_.back());
  ++messages_;
  while (bytes_ > limit_bytes_ && messages_ > 1) drop_oldest();
}

void ClientQueue::push_notice(SharedLine line) {
  items_.push_back({0, std::move(line), {}});
  bytes_ += cost(items_.back());
  ++notices_;
}

void ClientQueue::drop_oldest() {
  const auto oldest =
      std::find_if(items_.begin(), items_.end(), [](const Item& item) { return item.seq != 0; });
  bytes_ -= cost(*oldest);
  --messages_;
  if (oldest != items_.begin() && !std::prev(oldest)->line) {
    LostMessages& before = std::prev(oldest)->lost;
    before.to_seq = oldest->seq;
    ++before.messages;
    items_.erase(oldest);
  } else {
    *oldest = {0, nullptr, {oldest->seq, oldest->seq, 1}};
    bytes_ += cost(*oldest);
  }
}

SharedLine ClientQueue::pop() {
  Item item = std::move(items_.front());
  items_.pop_front();
  if (!item.line) {
    bytes_ -= sizeof(Item);
    return lost_line(item.lost);
  }
  bytes_ -= cost(item);
  --(item.seq == 0 ? notices_ : messages_);
  return std::move(item.line);
}

}  // namespace earshot
