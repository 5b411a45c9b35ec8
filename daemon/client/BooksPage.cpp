#include "daemon/client/BooksPage.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "daemon/stream/JsonLine.h"
#include "dsp/base/JsonWriter.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr std::size_t kMostGaps = 20;   // of a source
constexpr std::size_t kMostCauses = 4;  // of a gap
constexpr auto kLeastPart = 100ms;
constexpr auto kNothing = 1ms;
constexpr auto kToldLater = 31s;  // what is heard now may be told so much later
constexpr auto kSilent = 1min;    // a daemon that runs has written nothing for so long

std::string reason_text(const UnheardPart& part) {
  const std::string detail = printable(part.detail);
  if (part.reason == kNotRunning && detail.empty())
    return "earshotd was not running: it was killed, or crashed";
  if (part.reason == kNotRunning) return "earshotd was not running: stopped (" + detail + ')';
  if (part.reason == kMachineDown && detail.empty()) return "the machine was down, or without power";
  if (part.reason == kMachineDown)
    return "earshotd was not running: stopped (" + detail + "), and the machine was started anew";
  if (part.reason == kUnknown) return "nothing was classified";
  if (part.reason == "overload") return "classification was too slow";
  if (part.reason == "overflow") return "sound came faster than it could be taken";
  if (part.reason == "network") return "lost on the network";
  if (part.reason == "device") return "lost by the device";
  return printable(part.reason) + (detail.empty() ? "" : ": " + detail);
}

/// All parts of a gap that have one reason.
struct Cause {
  std::string why;
  UtcTime from;
  UtcTime to;
  microseconds unheard{0};
  std::uint64_t times = 0;

  std::string text() const {
    return times > 1 ? fmt::format("{}, {} times within {}", why, times, duration_text(to - from)) : why;
  }
};

/// In the order in which they came. What is too short to be told with its length stands for itself alone.
std::vector<Cause> causes_of(const UnheardGap& gap) {
  std::vector<Cause> causes;
  for (const UnheardPart& part : gap.parts) {
    const std::string why = reason_text(part);
    auto cause = std::ranges::find(causes, why, &Cause::why);
    if (cause == causes.end()) cause = causes.insert(cause, {.why = why, .from = part.from, .to = part.to});
    cause->to = part.to;
    cause->unheard += part.unheard;
    cause->times += part.stretches;
  }
  const microseconds most = std::ranges::max(causes, {}, &Cause::unheard).unheard;
  std::erase_if(causes,
                [&](const Cause& cause) { return cause.unheard < std::min<microseconds>(most, kLeastPart); });
  return causes;
}

microseconds length_of(const Cause& cause) {
  return cause.unheard;
}
microseconds length_of(const UnheardGap& gap) {
  return gap.unheard();
}

/// The longest `most` of a list, in its order.
template <typename Each>
std::vector<const Each*> longest(const std::vector<Each>& list, std::size_t most) {
  std::vector<const Each*> chosen;
  for (const Each& each : list) chosen.push_back(&each);
  std::ranges::stable_sort(chosen, std::greater(), [](const Each* each) { return length_of(*each); });
  chosen.resize(std::min(chosen.size(), most));
  std::ranges::sort(chosen);  // they lie in one vector
  return chosen;
}

class GapTable {
 public:
  explicit GapTable(const SourceBooks& source) {
    const std::vector<const UnheardGap*> gaps = longest(source.gaps, kMostGaps);
    std::uint64_t stretches = source.stretches();
    microseconds rest = source.unheard();
    for (const UnheardGap* gap : gaps) {
      add(*gap);
      stretches -= gap->stretches();
      rest -= gap->unheard();
    }
    if (gaps.size() < source.gaps.size())
      rows_.push_back({"", duration_text(rest), fmt::format("in {} shorter ones", stretches)});
  }

  std::string text() const {
    std::size_t width = 0;
    for (const Row& row : rows_) width = std::max(width, row.lasted.size());
    std::string text;
    for (const Row& row : rows_)
      text += fmt::format("  {:19}  {:>{}}  {}\n", row.from, row.lasted, width, row.why);
    return text;
  }

 private:
  struct Row {
    std::string from;
    std::string lasted;
    std::string why;
  };

  void add(const UnheardGap& gap) {
    const std::string until = gap.goes_on ? ", until now" : "";
    const std::string from = local_time(gap.from());
    const std::vector<Cause> causes = causes_of(gap);
    if (causes.size() == 1) {
      rows_.push_back({from, duration_text(gap.unheard()), causes.front().text() + until});
      return;
    }
    rows_.push_back({from, duration_text(gap.unheard()), "in all" + until + ':'});
    microseconds rest = gap.unheard();
    for (const Cause* cause : longest(causes, kMostCauses)) {
      rows_.push_back({"", duration_text(cause->unheard), cause->text()});
      rest -= cause->unheard;
    }
    if (causes.size() > kMostCauses) rows_.push_back({"", duration_text(rest), "for other reasons"});
  }

  std::vector<Row> rows_;
};

/// "of the last 24 h"; of a source that was not there all the time how much that is.
std::string time_text(const SourceBooks& source, const Books& books, const Since& since) {
  const bool from_the_start = source.from - books.from < 1s;
  const bool to_the_end = books.to - source.to < kToldLater;
  if (from_the_start && to_the_end && source.to - source.from - source.expected < 1s) return since.words;
  return fmt::format("of {}, from {} to {}", duration_text(source.expected), local_time(source.from),
                     to_the_end ? "now" : local_time(source.to));
}

std::string source_paragraph(const SourceBooks& source, const Books& books, const Since& since) {
  const std::string begin = printable(source.name) + ": heard ";
  const std::string time = time_text(source, books, since);
  const microseconds unheard = source.unheard();
  if (unheard == 0us) return begin + "all " + time + '\n';
  const std::string table = ":\n" + GapTable(source).text();
  if (source.expected - unheard < kNothing) return begin + "nothing " + time + table;
  const std::uint64_t gaps = source.stretches();
  return begin + duration_text(source.expected - unheard) + ' ' + time + "; not heard " +
         duration_text(unheard) + (gaps == 1 ? ", in one gap" : fmt::format(", in {} gaps", gaps)) + table;
}

double seconds(microseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

void write(JsonWriter& json, const UnheardPart& part) {
  json.begin_object().field("from", rfc3339(part.from)).field("to", rfc3339(part.to));
  json.key("unheard_s")
      .fixed(seconds(part.unheard), 6)
      .field("gaps", part.stretches)
      .field("reason", part.reason);
  if (!part.detail.empty()) json.field("detail", part.detail);
  json.end_object();
}

void write(JsonWriter& json, const UnheardGap& gap) {
  json.begin_object().field("from", rfc3339(gap.from())).field("to", rfc3339(gap.to()));
  json.key("unheard_s")
      .fixed(seconds(gap.unheard()), 6)
      .field("goes_on", gap.goes_on)
      .key("parts")
      .begin_array();
  for (const UnheardPart& part : gap.parts) write(json, part);
  json.end_array().end_object();
}

void write(JsonWriter& json, const SourceBooks& source) {
  json.begin_object().field("source", source.name);
  json.field("from", rfc3339(source.from)).field("to", rfc3339(source.to));
  json.key("heard_s").fixed(seconds(source.expected - source.unheard()), 6);
  json.key("unheard_s").fixed(seconds(source.unheard()), 6);
  json.field("gap_count", source.stretches()).key("gaps").begin_array();
  for (const UnheardGap& gap : source.gaps) write(json, gap);
  json.end_array().end_object();
}

}  // namespace

std::string books_page(const Books& books, const Since& since, const std::string& folder) {
  std::string text;
  if (!books.running) {
    text = "earshotd is not running; its last sign of life is of " + local_time(books.written);
  } else {
    text = "earshotd has been running since " + local_time(*books.running);
    if (books.asked_to - books.written > kSilent)
      text += ", but could write nothing since " + local_time(books.written);
  }
  text += " (books in " + printable(folder) +
          (books.began ? ", from " + local_time(*books.began) + " on)\n" : ")\n");
  for (const SourceBooks& source : books.sources) text += '\n' + source_paragraph(source, books, since);
  if (books.sources.empty()) text += "\nNothing " + since.words + ".\n";
  return text;
}

std::string books_json(const Books& books, const std::string& folder) {
  JsonWriter json;
  json.begin_object()
      .field("folder", folder)
      .field("from", rfc3339(books.from))
      .field("to", rfc3339(books.to));
  json.field("running", books.running.has_value()).field("written", rfc3339(books.written));
  json.key("sources").begin_array();
  for (const SourceBooks& source : books.sources) write(json, source);
  return json.end_array().end_object().take_line();
}

std::string duration_text(microseconds time) {
  if (time < 100ms) return "< 0.1 s";
  if (time < 1min) return fmt::format("{}.{} s", time / 1s, time % 1s / 100ms);
  if (time < 1h) return fmt::format("{} min {} s", time / 1min, time % 1min / 1s);
  if (time < 24h) return fmt::format("{} h {} min", time / 1h, time % 1h / 1min);
  return fmt::format("{} d {} h", time / 24h, time % 24h / 1h);
}

}  // namespace earshot
