// Sequence: what a client is told, in its order and without holes but those that are told.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/json.hpp>

namespace earshot::soak {

/// Of one client. Throws std::runtime_error for what does not follow.
class Sequence {
 public:
  explicit Sequence(std::optional<std::uint64_t> next = {}) : next_(next) {}

  void take(const boost::json::object& message) {
    if (message.at("type").as_string() == "lost") {
      const auto from = number(message, "from_seq");
      const auto to = number(message, "to_seq");
      if (number(message, "messages") != to - from + 1)
        throw std::runtime_error("wrong count: " + boost::json::serialize(message));
      expect(from);
      next_ = to + 1;
      lost_ = true;
    } else if (message.contains("seq")) {
      expect(number(message, "seq"));
      ++*next_;
    }
  }
  std::uint64_t next() const { return next_.value(); }
  bool begun() const { return next_.has_value(); }
  bool lost() const { return lost_; }

 private:
  static std::uint64_t number(const boost::json::object& message, const char* key) {
    return message.at(key).to_number<std::uint64_t>();
  }
  void expect(std::uint64_t seq) {
    if (next_ && seq != *next_)
      throw std::runtime_error("seq " + std::to_string(seq) + " where " + std::to_string(*next_) + " is due");
    next_ = seq;
  }

  std::optional<std::uint64_t> next_;
  bool lost_ = false;
};

}  // namespace earshot::soak
