#include "train/report/ClassTables.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "train/report/Chart.h"
#include "train/report/Html.h"

namespace earshot {
namespace {

constexpr std::size_t kLargestMatrix = 60;
constexpr std::size_t kMostPairs = 12;

struct Counts {
  std::size_t hits = 0;
  std::size_t support = 0;
  std::size_t predicted = 0;
};

std::vector<Counts> counts_of(const Evaluation& evaluation) {
  const std::size_t classes = evaluation.labels.size();
  std::vector<Counts> counts(classes);
  for (std::size_t row = 0; row < classes; ++row) {
    for (std::size_t column = 0; column < classes; ++column) {
      const std::size_t clips = evaluation.confusion[row * classes + column];
      counts[row].support += clips;
      counts[column].predicted += clips;
      if (row == column) counts[row].hits = clips;
    }
  }
  return counts;
}

// As counts_of(), of labels that are not exclusive: of the scores from 0.5 on.
std::vector<Counts> counts_of_several(const Evaluation& evaluation) {
  std::vector<Counts> counts;
  for (const ClassFigures& figures : evaluation.per_class) {
    counts.push_back({figures.hits, figures.support, figures.predicted});
  }
  return counts;
}

std::string matrix(const Evaluation& evaluation, const std::vector<Counts>& counts) {
  const std::size_t classes = evaluation.labels.size();
  std::string html = "<div class=\"scroll\"><table class=\"confusion\"><thead><tr><th></th>";
  for (const std::string& label : evaluation.labels)
    html += fmt::format("<th><span>{}</span></th>", html_escaped(label));
  html += "</tr></thead><tbody>\n";
  for (std::size_t row = 0; row < classes; ++row) {
    html += fmt::format("<tr><th>{}</th>", html_escaped(evaluation.labels[row]));
    for (std::size_t column = 0; column < classes; ++column) {
      const std::size_t clips = evaluation.confusion[row * classes + column];
      if (clips == 0) {
        html += "<td class=\"zero\">0</td>";
        continue;
      }
      // A class without any wrong clip is as dark as can be, however many clips it has.
      const double share = ratio(clips, counts[row].support);
      html += fmt::format(
          "<td style=\"background:rgba(var(--{}),{:.2f}){}\" title=\"{} taken for {}: {} of {}\">{}</td>",
          row == column ? "good" : "bad", 0.15 + 0.75 * share, share > 0.55 ? ";color:#fff" : "",
          html_escaped(evaluation.labels[row]), html_escaped(evaluation.labels[column]), clips,
          counts[row].support, clips);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string pairs(const Evaluation& evaluation, const std::vector<Counts>& counts) {
  struct Pair {
    std::size_t row, column, clips;
  };
  std::vector<Pair> all;
  const std::size_t classes = evaluation.labels.size();
  for (std::size_t i = 0; i < evaluation.confusion.size(); ++i) {
    if (evaluation.confusion[i] > 0 && i / classes != i % classes)
      all.push_back({i / classes, i % classes, evaluation.confusion[i]});
  }
  if (all.empty()) return "<p>No clip was taken for another class.</p>\n";
  std::ranges::stable_sort(all, std::greater<>{}, &Pair::clips);
  std::string html =
      "<table><thead><tr><th>this</th><th>was taken for</th><th class=\"n\">clips</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < std::min(all.size(), kMostPairs); ++i) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"n\">{} <span class=\"range\">of {}</span></td></tr>\n",
        html_escaped(evaluation.labels[all[i].row]), html_escaped(evaluation.labels[all[i].column]),
        all[i].clips, counts[all[i].row].support);
  }
  html += "</tbody></table>\n";
  if (all.size() > kMostPairs)
    html += fmt::format("<p class=\"soft\">and {} pairs more</p>\n", all.size() - kMostPairs);
  return html;
}

// A figure, its bar, its interval; a dash where there is nothing to divide by.
std::string cells(double figure, std::size_t whole, const Interval& interval) {
  if (whole == 0)
    return "<td class=\"n\">&#8211;</td><td class=\"spare\"></td><td class=\"range\">no clip</td>";
  return fmt::format(
      "<td class=\"n\">{:.3f}</td><td class=\"spare\">{}</td><td class=\"range\">{:.2f} to {:.2f}</td>",
      figure, share_bar(figure, interval), interval.low, interval.high);
}

}  // namespace

Interval f1_interval(std::size_t hits, std::size_t involved) noexcept {
  const Interval share = wilson_interval(hits, involved);
  return {2.0 * share.low / (1.0 + share.low), 2.0 * share.high / (1.0 + share.high)};
}

std::string confusion_section(const Evaluation& evaluation) {
  if (evaluation.confusion.empty()) return "";
  const std::vector<Counts> counts = counts_of(evaluation);
  const bool small = evaluation.labels.size() <= kLargestMatrix;
  std::string html = "<section><h2>Confusion</h2>\n";
  if (small)
    html += "<p>A row for what a clip is, a column for what it was taken for.</p>\n<div class=\"side\"><div>";
  if (small) html += matrix(evaluation, counts) + "</div>\n<div>";
  html += "<h3>Most often confused</h3>\n" + pairs(evaluation, counts);
  return html + (small ? "</div></div></section>\n" : "</section>\n");
}

std::string class_section(const Evaluation& evaluation) {
  if (evaluation.confusion.empty()) return "";
  const std::vector<Counts> counts =
      evaluation.several ? counts_of_several(evaluation) : counts_of(evaluation);
  std::string html =
      "<section><h2>Classes</h2>\n<div class=\"scroll\"><table class=\"wide\"><thead><tr><th>class</th>"
      "<th class=\"n\" title=\"of the clips taken for it, the share that are\">precision</th><th "
      "class=\"spare\">"
      "</th><th>95 %</th><th class=\"n\" title=\"of its clips, the share that were found\">recall</th>"
      "<th class=\"spare\"></th><th>95 %</th><th class=\"n\">F1</th><th class=\"spare\"></th><th>95 %</th>"
      "<th class=\"n\" title=\"average precision\">AP</th><th class=\"n\" title=\"clips of the "
      "class\">support</th>"
      "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Counts& count = counts[i];
    const ClassFigures& figures = evaluation.per_class[i];
    const std::size_t involved = count.support + count.predicted - count.hits;
    html += fmt::format(
        "<tr><th>{}</th>{}{}{}<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        html_escaped(evaluation.labels[i]),
        cells(figures.precision, count.predicted, wilson_interval(count.hits, count.predicted)),
        cells(figures.recall, count.support, wilson_interval(count.hits, count.support)),
        cells(figures.f1, involved, f1_interval(count.hits, involved)),
        count.support == 0 ? "&#8211;" : fmt::format("{:.3f}", figures.average_precision), count.support);
  }
  return html + "</tbody></table></div></section>\n";
}

std::string class_count_table(const Report& report) {
  if (report.class_counts.empty()) return "";
  const bool validation = std::ranges::any_of(
      report.class_counts, [](const Report::ClassCount& count) { return count.validation > 0; });
  std::size_t most = 1;
  for (const Report::ClassCount& count : report.class_counts) most = std::max(most, count.train);
  std::string html = fmt::format(
      "<div class=\"scroll\"><table class=\"wide\"><thead><tr><th>class</th><th class=\"n\">training "
      "clips</th>"
      "<th class=\"spare\"></th>{}</tr></thead><tbody>\n",
      validation ? "<th class=\"n\">validation clips</th>" : "");
  for (std::size_t i = 0; i < report.class_counts.size(); ++i) {
    const Report::ClassCount& count = report.class_counts[i];
    const double share = ratio(count.train, most);
    html += fmt::format("<tr><th>{}</th><td class=\"n\">{}</td><td class=\"spare\">{}</td>{}</tr>\n",
                        html_escaped(report.evaluation.labels[i]), count.train, share_bar(share),
                        validation ? fmt::format("<td class=\"n\">{}</td>", count.validation) : "");
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace earshot
