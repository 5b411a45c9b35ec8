// Sequence: what a client is told, in its order and without holes but those that are told.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <boost/json.hpp>

namespace earshot::soak {

/// Of one client, from the first message on. Throws std::runtime_error for what does not follow.
class Sequence {
 public:
  void take(const boost::json::object& message) {
    if (message.at("type").as_string() == "lost") {
      const auto from = number(message, "from_seq");
      const auto to = number(message, "to_seq");
      if (number(message, "messages") != to - from + 1)
        throw std::runtime_error("wrong count: " + boost::json::serialize(message));
      follow(from, to);
      lost_ = true;
    } else if (message.contains("seq")) {
      const auto seq = number(message, "seq");
      follow(seq, seq);
    }
  }
  /// Once it has begun.
  std::uint64_t next() const { return next_; }
  bool begun() const { return begun_; }
  bool lost() const { return lost_; }

 private:
  static std::uint64_t number(const boost::json::object& message, const char* key) {
    return message.at(key).to_number<std::uint64_t>();
  }
  void follow(std::uint64_t from, std::uint64_t to) {
    if (begun_ && from != next_)
      throw std::runtime_error("seq " + std::to_string(from) + " where " + std::to_string(next_) + " is due");
    begun_ = true;
    next_ = to + 1;
  }

  std::uint64_t next_ = 0;
  bool begun_ = false;
  bool lost_ = false;
};

}  // namespace earshot::soak
