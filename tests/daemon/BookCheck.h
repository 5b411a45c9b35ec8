// BookCheck: adds up what a stream told of its sources, hop by hop and sample by sample.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "daemon/hearing/Message.h"
#include "daemon/stream/JsonLine.h"

namespace earshot::test {

/// What became of a source's timeline. Its hop positions are those where a window begins: one each hop from
/// the start and from the end of each gap on. A hop's cell is the sound from its position to the next, or to
/// where the sound breaks off.
struct BookTotals {
  std::uint64_t predictions = 0;  ///< windows, as the next
  std::uint64_t skipped = 0;
  std::uint64_t not_whole = 0;  ///< their window would run into a gap or the end
  std::uint64_t gaps = 0;
  std::uint64_t predicted_samples = 0;  ///< of cells, as the next two
  std::uint64_t skipped_samples = 0;
  std::uint64_t not_whole_samples = 0;
  std::uint64_t lost_samples = 0;  ///< in gaps
  std::uint64_t position = 0;      ///< of the last gap's end, or of the end

  std::uint64_t samples() const {
    return predicted_samples + skipped_samples + not_whole_samples + lost_samples;
  }
};

/// One source of one instance, from its first message on. Each hop position has to be exactly one of: a
/// prediction's start, within the windows of an overload gap, or not whole.
class SourceBook {
 public:
  SourceBook(std::uint64_t window, std::uint64_t hop) : window_(window), hop_(hop) {}

  /// The daemon steps by another hop, this source from one of its next windows on.
  void change_hop(std::uint64_t hop) { next_hop_ = hop; }

  /// `padded` of its samples are silence added at the end.
  void predict(std::uint64_t start, std::uint64_t end, std::uint64_t padded) {
    begin_window("a prediction", start);
    if (end != start + window_) complain("a prediction from " + text(start) + " ends at " + text(end));
    covered_ = end - padded;
    if (padded > 0) padded_ = true;
    ++totals_.predictions;
    totals_.predicted_samples += std::min(hop_, covered_ - start);
    next_ = start + std::min(hop_, covered_ - start);
    last_start_ = start;
  }

  /// `windows`, each `hop` after the one before.
  void skip(std::uint64_t start, std::uint64_t windows, std::uint64_t hop) {
    begin_window("an overload gap", start);
    last_start_.reset();
    if (hop != hop_ && hop != next_hop_)
      return complain("an overload gap at " + text(start) + " of hops of " + text(hop));
    hop_ = hop;
    if (windows == 0) return complain("an overload gap at " + text(start) + " of no windows");
    next_ = start + windows * hop_;
    covered_ = next_ - hop_ + window_;
    totals_.skipped += windows;
    totals_.skipped_samples += windows * hop_;
  }

  void lose(std::uint64_t start, std::uint64_t samples) {
    if (ended_) complain("a gap at " + text(start) + " after the end");
    if (samples == 0) complain("a gap at " + text(start) + " of no samples");
    break_off("the gap", start);
    ++totals_.gaps;
    totals_.lost_samples += samples;
    next_ = covered_ = totals_.position = start + samples;
    padded_ = false;
  }

  void change(SourceState state, std::optional<std::uint64_t> end) {
    if (state != SourceState::ended) ended_ = false;  // begun anew by a reload
    if (ended_) complain("a state after the end");
    if (!end) return;
    // Down is not yet broken off: a file that cannot be opened again goes on where it was.
    if (state == SourceState::down) check_whole("the state down", *end);
    if (state == SourceState::ended) {
      break_off("the end", *end);
      totals_.position = *end;
      ended_ = true;
    }
  }

  const BookTotals& totals() const noexcept { return totals_; }
  bool ended() const noexcept { return ended_; }
  const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  static std::string text(std::uint64_t number) { return std::to_string(number); }
  void complain(std::string problem) { problems_.push_back(std::move(problem)); }

  void begin_window(const std::string& what, std::uint64_t start) {
    if (ended_ || padded_) complain(what + " at " + text(start) + " after the end");
    if (start != next_ && start == next_by_other_hop()) {
      totals_.predicted_samples += start - next_;  // of the window before
      hop_ = *std::exchange(next_hop_, std::nullopt);
      next_ = start;
    }
    if (start != next_) complain(what + " begins at " + text(start) + " where " + text(next_) + " is due");
  }
  void check_whole(const std::string& what, std::uint64_t at) {
    if (at < covered_)
      complain(what + " at " + text(at) + " cuts a window that goes up to " + text(covered_));
    if (!padded_ && at >= std::max(next_, next_by_other_hop()) + window_)
      complain(what + " at " + text(at) + ": the whole window at " + text(next_) + " is missing");
  }
  // If the window before was the first one that is stepped from by the other hop.
  std::uint64_t next_by_other_hop() const {
    return next_hop_ && last_start_ ? *last_start_ + *next_hop_ : next_;
  }
  void break_off(const std::string& what, std::uint64_t at) {
    check_whole(what, at);
    last_start_.reset();
    if (padded_ && at != covered_)
      complain(what + " at " + text(at) + ": padded from " + text(covered_) + " on");
    if (at <= next_) return;
    totals_.not_whole += (at - next_ + hop_ - 1) / hop_;
    totals_.not_whole_samples += at - next_;
  }

  std::uint64_t window_;
  std::uint64_t hop_;
  std::optional<std::uint64_t> next_hop_;
  std::optional<std::uint64_t> last_start_;  // of the window before, if nothing lies between
  std::uint64_t next_ = 0;     // hop position
  std::uint64_t covered_ = 0;  // up to there a window was told of, or a gap
  bool padded_ = false;
  bool ended_ = false;
  BookTotals totals_;
  std::vector<std::string> problems_;
};

/// All sources of a stream, which has to be whole: from each instance's first message on.
class BookCheck {
 public:
  /// Of lines: the first `hello` tells what a window and a hop are.
  BookCheck() = default;
  BookCheck(std::uint64_t window, std::uint64_t hop) : window_(window), hop_(hop) {}

  void take(const Message& message) {
    if (const auto* prediction = std::get_if<Prediction>(&message))
      book(prediction->source)
          .predict(prediction->start_sample, prediction->end_sample, prediction->padded_samples);
    if (const auto* gap = std::get_if<Gap>(&message)) take_gap(*gap);
    if (const auto* change = std::get_if<SourceChange>(&message))
      book(change->source).change(change->state, change->end_sample);
  }

  /// A line of the stream, in any instance.
  void take(const boost::json::object& line) {
    const std::string_view type = line.at("type").as_string();
    if (type == "hello") return begin_instance(line);
    if (type == "subscribed") return begin_anew(number(line, "first_seq"));
    if (type == "lost") problems_.push_back("the reader was too slow: " + boost::json::serialize(line));
    if (!line.contains("seq")) return;
    if (const std::uint64_t seq = number(line, "seq"); seq != ++seq_) {
      problems_.push_back("seq " + std::to_string(seq) + " where " + std::to_string(seq_) + " is due");
      seq_ = seq;
    }
    if (type == "prediction") {
      book(line).predict(number(line, "start_sample"), number(line, "end_sample"),
                         number(line, "padded_samples"));
    } else if (type == "gap") {
      if (line.at("reason").as_string() == "overload") {
        book(line).skip(number(line, "start_sample"), number(line, "windows"), number(line, "hop_samples"));
      } else {
        book(line).lose(number(line, "start_sample"), number(line, "samples"));
      }
    } else if (type == "source") {
      std::optional<std::uint64_t> end;
      if (line.contains("end_sample")) end = number(line, "end_sample");
      book(line).change(state(line.at("state").as_string()), end);
    }
  }

  /// Of the present instance.
  const std::map<std::string, SourceBook>& sources() const noexcept { return sources_; }
  const BookTotals& totals(const std::string& source) const { return sources_.at(source).totals(); }

  /// What does not add up, in all instances so far; empty if all does.
  std::string problems() const {
    std::string all;
    for (const std::string& problem : problems_) all += problem + '\n';
    return all + problems_of_sources();
  }

 private:
  static std::uint64_t number(const boost::json::object& line, std::string_view key) {
    const boost::json::value* value = line.if_contains(key);
    return value ? value->to_number<std::uint64_t>() : 0;
  }
  static SourceState state(std::string_view name) {
    for (const SourceState each :
         {SourceState::starting, SourceState::up, SourceState::stalled, SourceState::down}) {
      if (name == to_string(each)) return each;
    }
    return SourceState::ended;
  }

  void begin_instance(const boost::json::object& hello) {
    window_ = number(hello, "window_samples");
    hop_ = number(hello, "hop_samples");
    std::string instance(hello.at("instance").as_string());
    if (std::exchange(instance_, instance) == instance) {
      for (auto& [name, book] : sources_) book.change_hop(hop_);
      return;
    }
    if (const std::string left = problems_of_sources(); !left.empty()) problems_.push_back(left);
    of_instances_before_ = problems_.size();
    sources_.clear();
    seq_ = 0;
  }
  // Of an instance: what has come since `hello` comes again.
  void begin_anew(std::uint64_t seq) {
    problems_.resize(of_instances_before_);
    if (seq != 1) problems_.push_back("the stream begins with seq " + std::to_string(seq));
    sources_.clear();
    seq_ = seq - 1;
  }
  void take_gap(const Gap& gap) {
    if (gap.reason == GapReason::overload) {
      book(gap.source).skip(gap.start_sample, gap.windows, gap.hop_samples);
      if (gap.samples != 0) problems_.push_back(gap.source + ": an overload gap that loses samples");
    } else {
      book(gap.source).lose(gap.start_sample, gap.samples);
    }
  }
  SourceBook& book(const boost::json::object& line) {
    return book(std::string(line.at("source").as_string()));
  }
  SourceBook& book(const std::string& source) {
    return sources_.try_emplace(source, window_, hop_).first->second;
  }

  std::string problems_of_sources() const {
    std::string all;
    for (const auto& [name, book] : sources_) {
      for (const std::string& problem : book.problems()) all += name + ": " + problem + '\n';
      const BookTotals& totals = book.totals();
      if (book.ended() && book.problems().empty() && totals.samples() != totals.position)
        all += name + ": " + std::to_string(totals.samples()) + " samples add up to a timeline of " +
               std::to_string(totals.position) + '\n';
    }
    return all;
  }

  std::uint64_t window_ = 0;
  std::uint64_t hop_ = 0;
  std::string instance_;
  std::uint64_t seq_ = 0;  // of the last message
  std::map<std::string, SourceBook> sources_;
  std::vector<std::string> problems_;
  std::size_t of_instances_before_ = 0;  // problems
};

}  // namespace earshot::test
