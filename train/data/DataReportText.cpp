// How a DataReport reads: for people at 80 columns, and as JSON.
#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/JsonText.h"
#include "dsp/base/Utf8.h"
#include "train/data/DataReport.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kColumns = 80;
constexpr std::size_t kMostFolds = 10;    // as columns of the table
constexpr std::size_t kMostClasses = 60;  // as its lines
constexpr std::size_t kMostFindings = 8;  // of one kind

/// Columns a text takes, as far as UTF-8 characters of one column go.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

/// Cut to `width` columns, with a mark where something is missing.
std::string cut(const std::string& text, std::size_t width) {
  if (width_of(text) <= width) return text;
  std::size_t end = 0;
  for (std::size_t columns = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U && ++columns == width) break;
  }
  return text.substr(0, end) + "~";
}

/// Words after `lead`, further lines indented alike. The text may hold names of files, which are any bytes.
std::string wrapped(const std::string& lead, const std::string& raw) {
  const std::string text = printable(raw);
  const std::string indent(width_of(lead), ' ');
  std::string result;
  std::string line = lead;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (used > 0 && width_of(line) + 1 + width_of(word) > kColumns) {
      result += line + '\n';
      line = indent;
      used = 0;
    }
    line += (used++ > 0 ? " " : "") + word;
    at = end + 1;
  }
  return result + line + '\n';
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string duration(double seconds) {
  if (seconds < 120.0) return fmt::format("{:.1f} s", seconds);
  if (seconds < 7200.0) return fmt::format("{:.1f} minutes", seconds / 60.0);
  return fmt::format("{:.1f} hours", seconds / 3600.0);
}

std::string length(double seconds) {
  return seconds < 1.0 ? fmt::format("{:.3f} s", seconds) : fmt::format("{:.2f} s", seconds);
}

std::string lengths_text(const DataReport& report) {
  if (report.longest_s - report.shortest_s < 0.0005) return "all " + length(report.longest_s);
  return fmt::format("{} to {}, median {}", length(report.shortest_s), length(report.longest_s),
                     length(report.median_s));
}

/// "44100 Hz" where all are alike, else "44100 Hz (120), 48000 Hz (3)", the most frequent first.
template <typename Name>
std::string spread_text(const std::map<int, std::size_t>& counts, const Name& name) {
  std::vector<std::pair<int, std::size_t>> values(counts.begin(), counts.end());
  std::ranges::stable_sort(values, std::ranges::greater{}, &std::pair<int, std::size_t>::second);
  if (values.empty()) return "none";
  if (values.size() == 1) return "all " + name(values.front().first);
  std::vector<std::string> parts;
  for (const auto& [value, clips] : values) parts.push_back(fmt::format("{} ({})", name(value), clips));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string recordings_text(const DataSet& data, const DataReport& report) {
  if (data.groups_given) {
    return fmt::format("{}, as the column 'group' says",
                       counted(report.all.recordings, "recording", "recordings"));
  }
  if (data.groups.empty())
    return "a clip each, as far as names of files tell (a column 'group' tells better)";
  return fmt::format(
      "{}, as names of files tell: {} of several clips, such as '{}' (a column 'group' tells better)",
      report.all.recordings, report.recordings_of_several_clips, data.groups.front());
}

std::string head_text(const DataSet& data, const DataReport& report) {
  std::string what =
      fmt::format("{}, {}, {}", counted(report.all.clips, "clip", "clips"), duration(report.all.seconds),
                  counted(data.labels.size(), "class", "classes"));
  if (!report.all.folds.empty()) what += ", " + counted(report.all.folds.size(), "fold", "folds");
  if (report.all.tests > 0) what += fmt::format(", {} in the test list", report.all.tests);
  if (report.background.clips > 0) what += fmt::format(", {} background", report.background.clips);
  std::error_code unknown;  // where we are may be gone; the directory is as the user named it then
  const fs::path place = fs::absolute(data.directory, unknown);
  std::string text = printable((unknown ? data.directory : place).lexically_normal().string());
  text += "\n  " + what + '\n';
  const auto line = [&](const char* name, const std::string& value) {
    text += wrapped(fmt::format("  {:<12}", name), value);
  };
  text += '\n';
  line("layout", data.layout == "folders" ? "a folder for each class" : data.layout);
  line("lengths", lengths_text(report));
  line("rates", spread_text(report.rates_hz, [](int rate) { return fmt::format("{} Hz", rate); }));
  line("channels", spread_text(report.channels, [](int channels) {
         return channels == 1   ? std::string("mono")
                : channels == 2 ? std::string("stereo")
                                : fmt::format("{} channels", channels);
       }));
  line("recordings", recordings_text(data, report));
  if (report.several_labels > 0) {
    line("labels", counted(report.several_labels, "clip has", "clips have") +
                       " several: for networks that score each class on its own");
  }
  return text;
}

/// A column of the table of classes: what stands above it and in each line.
struct Column {
  std::string title;
  std::string (*value)(const ClassSummary& summary, int fold);
  int fold = 0;
};

/// In a unit that suits the whole.
Column time_column(double all_seconds) {
  if (all_seconds < 600.0) {
    return {"seconds", [](const ClassSummary& s, int) { return fmt::format("{:.1f}", s.seconds); }};
  }
  if (all_seconds < 36000.0) {
    return {"minutes", [](const ClassSummary& s, int) { return fmt::format("{:.1f}", s.seconds / 60.0); }};
  }
  return {"hours", [](const ClassSummary& s, int) { return fmt::format("{:.2f}", s.seconds / 3600.0); }};
}

std::vector<Column> columns_for(const DataReport& report) {
  std::vector<Column> columns{
      {"clips", [](const ClassSummary& s, int) { return fmt::format("{}", s.clips); }},
      time_column(report.all.seconds),
      {"recordings", [](const ClassSummary& s, int) { return fmt::format("{}", s.recordings); }}};
  if (report.all.tests > 0) {
    columns.push_back({"test", [](const ClassSummary& s, int) { return fmt::format("{}", s.tests); }});
  }
  if (report.all.folds.size() > kMostFolds) return columns;
  for (const auto& [fold, clips] : report.all.folds) {
    columns.push_back({columns.back().fold == 0 ? fmt::format("fold {}", fold) : fmt::format("{}", fold),
                       [](const ClassSummary& s, int number) {
                         const auto here = s.folds.find(number);
                         return here == s.folds.end() ? std::string(".") : fmt::format("{}", here->second);
                       },
                       fold});
  }
  return columns;
}

std::string table_text(const DataSet& data, const DataReport& report) {
  std::vector<std::pair<std::string, const ClassSummary*>> rows;
  const std::size_t shown = data.labels.size() > kMostClasses ? kMostClasses : data.labels.size();
  for (std::size_t i = 0; i < shown; ++i) rows.emplace_back(data.labels[i], &report.classes[i]);
  if (report.background.clips > 0) rows.emplace_back(kBackgroundName, &report.background);

  std::vector<Column> columns = columns_for(report);
  std::vector<std::size_t> widths;
  std::size_t rest = kColumns - 2;
  for (const Column& column : columns) {
    std::size_t width = column.title.size();
    for (const auto& [name, summary] : rows)
      width = std::max(width, column.value(*summary, column.fold).size());
    widths.push_back(width);
    rest -= std::min(rest, width + 2);
  }
  std::size_t names = 5;
  for (const auto& [name, summary] : rows) names = std::max(names, width_of(name));
  names = std::min(names, std::max<std::size_t>(rest, 12));

  std::string text = "\n  " + padded("class", names);
  for (std::size_t i = 0; i < columns.size(); ++i)
    text += fmt::format("  {:>{}}", columns[i].title, widths[i]);
  text += '\n';
  for (const auto& [name, summary] : rows) {
    text += "  " + padded(cut(name, names), names);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      text += fmt::format("  {:>{}}", columns[i].value(*summary, columns[i].fold), widths[i]);
    }
    text += '\n';
  }
  if (shown < data.labels.size()) {
    text += fmt::format("  and {} classes more (--json lists all)\n", data.labels.size() - shown);
  }
  return text;
}

std::string findings_text(const DataReport& report, bool problem) {
  std::string text;
  for (const FindingGroup& group : report.findings) {
    if (group.problem != problem) continue;
    text += wrapped("  ", fmt::format("{}: {}", group.title, group.findings.size()));
    const std::size_t shown =
        group.findings.size() > kMostFindings + 1 ? kMostFindings : group.findings.size();
    for (std::size_t i = 0; i < shown; ++i) {
      text += wrapped("    ", group.findings[i].about + ": " + group.findings[i].what);
    }
    if (shown < group.findings.size()) {
      text += fmt::format("    and {} more (--json lists all)\n", group.findings.size() - shown);
    }
  }
  return text;
}

boost::json::object summary_json(const ClassSummary& summary) {
  boost::json::object folds;
  for (const auto& [fold, clips] : summary.folds) folds[fmt::format("{}", fold)] = clips;
  return {{"clips", summary.clips},
          {"tests", summary.tests},
          {"seconds", summary.seconds},
          {"recordings", summary.recordings},
          {"folds", std::move(folds)}};
}

boost::json::object counts_json(const std::map<int, std::size_t>& counts) {
  boost::json::object object;
  for (const auto& [value, clips] : counts) object[fmt::format("{}", value)] = clips;
  return object;
}

boost::json::array findings_json(const DataReport& report, bool problem) {
  boost::json::array findings;
  for (const FindingGroup& group : report.findings) {
    if (group.problem != problem) continue;
    for (const Finding& finding : group.findings) {
      findings.emplace_back(
          boost::json::object{{"kind", group.kind}, {"about", finding.about}, {"what", finding.what}});
    }
  }
  return findings;
}

}  // namespace

std::string data_report_text(const DataSet& data, const DataReport& report) {
  std::string text = head_text(data, report) + table_text(data, report);
  const std::size_t problems = report.problems();
  text += problems == 0 ? "\nno problems\n" : "\n" + counted(problems, "problem", "problems") + '\n';
  text += findings_text(report, true);
  if (const std::string notes = findings_text(report, false); !notes.empty())
    text += "\nworth a look\n" + notes;
  return text;
}

std::string data_report_json(const DataSet& data, const DataReport& report) {
  boost::json::array classes;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    boost::json::object summary{{"label", data.labels[i]}};
    for (auto& [key, value] : summary_json(report.classes[i])) summary.emplace(key, value);
    classes.emplace_back(std::move(summary));
  }
  return json_text(boost::json::object{
      {"directory", data.directory.string()},
      {"layout", data.layout},
      {"usable", report.readable > 0},
      {"clips", report.all.clips},
      {"readable", report.readable},
      {"seconds", report.all.seconds},
      {"labels", boost::json::value_from(data.labels)},
      {"classes", std::move(classes)},
      {"background", summary_json(report.background)},
      {"folds", counts_json(report.all.folds)},
      {"lengths_s",
       boost::json::object{
           {"shortest", report.shortest_s}, {"median", report.median_s}, {"longest", report.longest_s}}},
      {"rates_hz", counts_json(report.rates_hz)},
      {"channels", counts_json(report.channels)},
      {"several_labels", report.several_labels},
      {"recordings", boost::json::object{{"count", report.all.recordings},
                                         {"of_several_clips", report.recordings_of_several_clips},
                                         {"named_by", data.groups_given ? "group" : "file names"}}},
      {"problems", findings_json(report, true)},
      {"notes", findings_json(report, false)}});
}

}  // namespace earshot
