#include "daemon/stream/JsonLine.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <vector>

#include "dsp/base/JsonWriter.h"

namespace earshot {
namespace {

/// Which of `scores` to print: the `most` highest, the earlier of equals.
std::vector<bool> highest(std::span<const float> scores, std::size_t most) {
  std::vector<bool> chosen(scores.size(), most >= scores.size());
  if (most >= scores.size()) return chosen;
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(order.begin(), end, order.end(), [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  std::for_each(order.begin(), end, [&](std::size_t index) { chosen[index] = true; });
  return chosen;
}

class LineMaker {
 public:
  LineMaker(std::optional<std::uint64_t> seq, std::size_t most_scores)
      : seq_(seq), most_scores_(most_scores) {}

  std::string operator()(const Prediction& prediction) {
    begin("prediction", prediction.source);
    json_.field("start_sample", prediction.start_sample).field("end_sample", prediction.end_sample);
    json_.field("time", rfc3339(prediction.time));
    json_.key("level_dbfs").fixed(prediction.level_dbfs, 2);
    json_.field("gated", prediction.gated);
    if (prediction.padded_samples > 0) json_.field("padded_samples", prediction.padded_samples);
    if (!prediction.gated && !prediction.scores.empty()) add_scores(prediction);
    return end();
  }

  std::string operator()(const Event& event) {
    const bool ended = event.phase == Event::Phase::end;
    begin("event", event.source);
    json_.field("phase", ended ? "end" : "start").field("event_id", event.id).field("label", event.label);
    json_.field("start_sample", event.start_sample);
    if (ended) json_.field("end_sample", event.end_sample).key("duration_s").fixed(event.duration_s, 3);
    json_.field("time", rfc3339(event.time)).field("peak_confidence", event.peak_confidence);
    if (event.peak_dbfs) json_.key("peak_dbfs").fixed(*event.peak_dbfs, 2);
    json_.key("why").begin_object();
    std::visit([this, &event](const auto& why) { add_why(event, why); }, event.why);
    json_.end_object();
    return end();
  }

  std::string operator()(const Gap& gap) {
    begin("gap", gap.source);
    json_.field("start_sample", gap.start_sample).field("samples", gap.samples);
    json_.field("reason", to_string(gap.reason));
    if (gap.reason == GapReason::overload)
      json_.field("windows", gap.windows).field("hop_samples", gap.hop_samples);
    return end();
  }

  std::string operator()(const ClockStep& clock) {
    begin("clock");
    json_.key("step_s").fixed(clock.step_s, 3);
    return end();
  }

  std::string operator()(const SourceChange& change) {
    begin("source", change.source);
    json_.field("state", to_string(change.state)).field("detail", change.detail);
    if (change.end_sample) json_.field("end_sample", *change.end_sample);
    return end();
  }

 private:
  void begin(std::string_view type) {
    json_.begin_object().field("type", type);
    if (seq_) json_.field("seq", *seq_);
  }
  void begin(std::string_view type, std::string_view source) {
    begin(type);
    json_.field("source", source);
  }

  std::string end() { return json_.end_object().take_line(); }

  void add_why(const Event&, const BegunByWindows& why) {
    json_.field("rule", "windows");
    if (!why.member.empty()) json_.field("label", why.member);
    json_.field("needed", why.needed).field("of", why.of).field("threshold", why.threshold);
    json_.key("scores").begin_array();
    for (const float score : why.scores) json_.value(score);
    json_.end_array();
  }

  void add_why(const Event&, const BegunBySurety& why) {
    json_.field("rule", "sure");
    if (!why.member.empty()) json_.field("label", why.member);
    json_.field("threshold", why.threshold).key("scores").begin_array().value(why.score).end_array();
  }

  void add_why(const Event&, const BegunByLevel& why) {
    json_.field("rule", "level").field("above_dbfs", why.above_dbfs);
    json_.key("level_dbfs").fixed(why.level_dbfs, 2);
  }

  void add_why(const Event& event, const Ended& why) {
    json_.field("rule", to_string(why.rule));
    if (!why.became.empty()) json_.field("label", why.became);
    json_.field("windows", why.windows);
    if (!event.peak_dbfs) json_.field("mean_confidence", why.mean_confidence);
  }

  void add_scores(const Prediction& prediction) {
    const std::span<const float> scores = prediction.scores;
    const std::vector<std::string>& labels = *prediction.labels;
    json_.field("label", labels[prediction.label()]).field("confidence", scores[prediction.label()]);
    json_.key("heard").begin_array();
    for (const std::size_t label : prediction.heard) json_.value(labels[label]);
    json_.end_array();
    if (most_scores_ == 0) return;
    const std::vector<bool> chosen = highest(scores, most_scores_);
    json_.key("scores").begin_object();
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (chosen[i]) json_.field(labels[i], scores[i]);
    }
    json_.end_object();
  }

  JsonWriter json_;
  std::optional<std::uint64_t> seq_;
  std::size_t most_scores_;
};

}  // namespace

std::string json_line(const Message& message, std::optional<std::uint64_t> seq, std::size_t most_scores) {
  return std::visit(LineMaker(seq, most_scores), message);
}

std::string rfc3339(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text;
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string_view to_string(SourceState state) noexcept {
  switch (state) {
    case SourceState::starting:
      return "starting";
    case SourceState::up:
      return "up";
    case SourceState::stalled:
      return "stalled";
    case SourceState::down:
      return "down";
    case SourceState::ended:
      return "ended";
  }
  return "";
}

std::string_view to_string(EndRule rule) noexcept {
  switch (rule) {
    case EndRule::quiet:
      return "quiet";
    case EndRule::became:
      return "became";
    case EndRule::max_s:
      return "max_s";
    case EndRule::source:
      return "source";
  }
  return "";
}

std::string_view to_string(GapReason reason) noexcept {
  switch (reason) {
    case GapReason::overflow:
      return "overflow";
    case GapReason::device:
      return "device";
    case GapReason::network:
      return "network";
    case GapReason::overload:
      return "overload";
  }
  return "";
}

}  // namespace earshot
