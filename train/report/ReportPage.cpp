#include "train/report/ReportPage.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <spdlog/fmt/fmt.h>

#include "train/report/Chart.h"
#include "train/report/ClassTables.h"
#include "train/report/Html.h"
#include "train/report/ReportStyle.h"

namespace earshot {
namespace {

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100.0 * share);
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(seconds));
  if (seconds < 99.5) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

double run_seconds(const Report& report) {
  double seconds = 0.0;
  for (const Report::Run& run : report.runs) {
    for (const EpochRecord& record : run.history) seconds += record.seconds;
  }
  return seconds;
}

std::string tile(const char* name, const std::string& value, const char* meaning) {
  return fmt::format("<div title=\"{}\"><dt>{}</dt><dd>{}</dd></div>\n", html_escaped(meaning), name,
                     html_escaped(value));
}

std::string headline(const Report& report) {
  const Evaluation& evaluation = report.evaluation;
  const Interval interval = wilson_interval(evaluation.correct, evaluation.clips);
  std::string html = fmt::format(
      "<div class=\"hero\"><div><div class=\"big\">{:.1f}<small> %</small></div>\n<p>{}, 95 % interval "
      "{:.1f} "
      "to {:.1f} %<br>{} of {} clips</p>\n{}</div>\n<dl class=\"tiles\">\n",
      100.0 * evaluation.accuracy,
      evaluation.several ? "of the clips have the label that scores highest" : "accuracy",
      100.0 * interval.low, 100.0 * interval.high, evaluation.correct, evaluation.clips,
      share_bar(evaluation.accuracy, interval));
  html += tile("loss", fmt::format("{:.3f}", evaluation.loss),
               evaluation.several ? "binary cross-entropy over all labels"
                                  : "mean of -log of the score of a clip's own label");
  if (evaluation.labels.size() > 3) {
    html += tile("top 3", percent(ratio(evaluation.top3_correct, evaluation.clips)),
                 "clips whose label is among the three highest scores");
  }
  if (evaluation.several) {
    html += tile("micro F1", fmt::format("{:.3f}", evaluation.micro_f1),
                 "of all scores from 0.5 on: labels are not exclusive");
  }
  html += tile("mAP", fmt::format("{:.3f}", evaluation.mean_average_precision),
               "average precision of each class against all others, mean over the classes that have a clip");
  html += tile("ECE", percent(evaluation.calibration_error),
               "expected calibration error: how far confidence and accuracy lie apart, over 15 bins");
  html += tile("classes", fmt::format("{}", evaluation.labels.size()), "labels the model tells apart");
  if (report.runs.size() == 1) {
    html += tile("epochs", fmt::format("{}", report.runs[0].history.size()), "passes over the training part");
  } else if (!report.folds.empty()) {
    html += tile("folds", fmt::format("{}", report.folds.size()), "each scored by a model that never met it");
  }
  if (!report.runs.empty()) {
    html +=
        tile("training took", duration(run_seconds(report)), "wall clock of all epochs, validation included");
  }
  return html + "</dl></div>\n";
}

// One curve of every run: `figure` of a record, where it has one.
template <typename Figure>
void add_lines(std::vector<ChartLine>& lines, const Report& report, const char* name, const char* style,
               Figure figure) {
  for (const Report::Run& run : report.runs) {
    ChartLine line;
    line.name = run.name.empty() ? name : run.name + ", " + name;
    line.style = report.runs.size() > 1 ? std::string(style) + " many" : style;
    for (const EpochRecord& record : run.history) {
      const std::optional<double> value = figure(record);
      if (!value || !std::isfinite(*value)) continue;
      line.x.push_back(record.epoch);
      line.y.push_back(*value);
    }
    if (!line.x.empty()) lines.push_back(std::move(line));
  }
}

std::string figure_html(const char* title, const std::string& svg, const std::string& caption) {
  return fmt::format("<figure><h3>{}</h3>\n{}\n<figcaption>{}</figcaption></figure>\n", title, svg, caption);
}

std::string curves(const Report& report) {
  std::vector<ChartLine> losses;
  std::vector<ChartLine> accuracies;
  std::vector<ChartLine> rates;
  using Optional = std::optional<double>;
  add_lines(losses, report, "training", "train", [](const auto& r) { return Optional(r.loss); });
  add_lines(losses, report, "validation", "validation", [](const auto& r) { return r.val_loss; });
  add_lines(accuracies, report, "training", "train", [](const auto& r) { return Optional(r.accuracy); });
  add_lines(accuracies, report, "validation", "validation", [](const auto& r) { return r.val_accuracy; });
  add_lines(rates, report, "learning rate", "train", [](const auto& r) { return Optional(r.learning_rate); });
  if (losses.empty()) return "";

  const int kept = report.runs.size() == 1 ? report.runs[0].kept_epoch : 0;
  std::string key = "<span class=\"key train first\"></span>training";
  if (std::ranges::any_of(losses, [](const ChartLine& line) { return line.style.starts_with("validation"); }))
    key += "<span class=\"key validation\"></span>validation";
  if (kept > 0) key += fmt::format("<span class=\"key marked\"></span>epoch {}, which the model is of", kept);
  if (report.runs.size() > 1) key += fmt::format("; a line for each of {} folds", report.runs.size());

  std::string html = "<section><h2>Training</h2>\n<div class=\"charts\">\n";
  html += figure_html(
      "Loss", line_chart({.label = "loss over epochs", .logarithmic = true, .marked_x = kept}, losses), key);
  html += figure_html(
      "Accuracy",
      line_chart(
          {.label = "accuracy over epochs", .least = 0.0, .most = 1.0, .percent = true, .marked_x = kept},
          accuracies),
      key);
  html += figure_html(
      "Learning rate",
      line_chart({.label = "learning rate over epochs", .logarithmic = true, .marked_x = kept}, rates),
      "at each epoch&#39;s last step");
  return html + "</div></section>\n";
}

std::string folds(const Report& report) {
  if (report.folds.empty()) return "";
  std::vector<double> accuracies;
  std::string html =
      "<section><h2>Folds</h2>\n<p>Each fold&#39;s clips were scored by a model that was trained on the "
      "other "
      "folds and chosen without them.</p>\n<div class=\"scroll\"><table "
      "class=\"wide\"><thead><tr><th>fold</th>"
      "<th class=\"n\">clips</th><th class=\"n\">correct</th><th class=\"n\">accuracy</th><th "
      "class=\"spare\"></th>"
      "<th>95 % interval</th><th class=\"n\">loss</th></tr></thead><tbody>\n";
  for (const Report::Fold& fold : report.folds) {
    const double accuracy = ratio(fold.correct, fold.clips);
    const Interval interval = wilson_interval(fold.correct, fold.clips);
    accuracies.push_back(accuracy);
    html += fmt::format(
        "<tr><th>{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"spare\">{}"
        "</td><td class=\"range\">{:.1f} to {:.1f} %</td><td class=\"n\">{:.3f}</td></tr>\n",
        fold.fold, fold.clips, fold.correct, percent(accuracy), share_bar(accuracy, interval),
        100.0 * interval.low, 100.0 * interval.high, fold.loss);
  }
  const MeanError mean = mean_and_error(accuracies);
  html += "</tbody></table></div>\n";
  if (accuracies.size() > 1) {
    html += fmt::format("<p>Mean of the folds {:.2f} %, standard error of that mean {:.2f} points.</p>\n",
                        100.0 * mean.mean, 100.0 * mean.standard_error);
  }
  return html + "</section>\n";
}

std::string calibration(const Report& report) {
  const Evaluation& evaluation = report.evaluation;
  if (evaluation.reliability.empty() || evaluation.clips == 0) return "";
  double confidence = 0.0;
  std::size_t scored = 0;
  std::size_t right = 0;
  for (const ReliabilityBin& bin : evaluation.reliability) {
    confidence += bin.mean_confidence * static_cast<double>(bin.count);
    scored += bin.count;
    right += bin.correct;
  }
  confidence /= static_cast<double>(std::max<std::size_t>(scored, 1));
  const double accuracy = ratio(right, scored);
  const double excess = confidence - accuracy;
  const char* verdict = excess > 0.02    ? "On the whole it is more sure of itself than it is right"
                        : excess < -0.02 ? "On the whole it is right more often than it is sure"
                                         : "On the whole it is as sure as it is right";
  const char* const advice = report.taught.empty()
                                 ? "fits the one number, a temperature, that brings the two together; the "
                                   "order of the scores stays as it is"
                                 : "brings the two together label by label. Of each window, and of each "
                                   "label that was taught, is asked how sure "
                                   "it is that the label is there";
  return fmt::format(
      "<section><h2>Calibration</h2>\n<div class=\"calibration\">\n<figure>{}</figure>\n<div><p>A confidence "
      "can be taken for a probability where the bars end on the dashed line. Red is confidence "
      "without the accuracy to it, dark blue is accuracy beyond the confidence.</p>\n<p>Expected calibration "
      "error over {} bins: <strong>{}</strong>. {}: mean confidence {}, accuracy {}.</p>\n<p class=\"soft\">"
      "<code>trainer calibrate</code> {}.</p></div></div></section>\n",
      reliability_diagram(evaluation.reliability), evaluation.reliability.size(),
      percent(evaluation.calibration_error), verdict, percent(confidence), percent(accuracy), advice);
}

std::string tally_cells(const Tally& tally) {
  if (tally.of == 0) return "<td class=\"n\">&#8211;</td><td class=\"range\"></td>";
  const Interval interval = wilson_interval(tally.found, tally.of);
  return fmt::format("<td class=\"n\">{}&nbsp;of&nbsp;{}</td><td class=\"range\">{:.0f} to {:.0f} %</td>",
                     tally.found, tally.of, 100.0 * interval.low, 100.0 * interval.high);
}

std::string tally_head(const char* name, const char* meaning) {
  return fmt::format("<th class=\"n\" title=\"{}\">{}</th><th>95 %</th>", meaning, name);
}

std::string taught(const Report& report) {
  if (report.taught.empty()) return "";
  using Taught = Report::TaughtLabel;
  const bool thresholds =
      std::ranges::any_of(report.taught, [](const Taught& label) { return label.threshold.has_value(); });
  const bool bank =
      std::ranges::any_of(report.taught, [](const Taught& label) { return label.negatives.of > 0; });
  std::string html = fmt::format(
      "<section><h2>What was taught</h2>\n<p>Each recording was scored by a layer that had not heard it. An "
      "event is "
      "two of three windows at the label&#39;s threshold.</p>\n<div class=\"scroll\"><table "
      "class=\"wide\"><thead><tr>"
      "<th>label</th>{}{}{}{}{}<th title=\"the base&#39;s labels of the highest mean score in its "
      "clips\">what the base "
      "hears in it</th></tr></thead><tbody>\n",
      thresholds ? "<th class=\"n\" title=\"from this score on it is there\">threshold</th>" : "",
      tally_head("highest", "its clips that have it highest of all that was taught"),
      tally_head("events", "its clips with an event"), tally_head("false", "other clips with an event"),
      bank ? tally_head("of the bank", "recordings of the bank with an event") : "");
  for (const Taught& label : report.taught) {
    std::string nearest;
    for (const auto& [name, score] : label.nearest)
      nearest += fmt::format("{}{} {:.2f}", nearest.empty() ? "" : ", ", html_escaped(name), score);
    html += fmt::format(
        "<tr><th>{}</th>{}{}{}{}{}<td>{}</td></tr>\n", html_escaped(label.label),
        thresholds ? fmt::format("<td class=\"n\">{:.2f}</td>", label.threshold.value_or(0.0F)) : "",
        tally_cells(label.highest), tally_cells(label.own), tally_cells(label.others),
        bank ? tally_cells(label.negatives) : "", nearest);
  }
  return html + "</tbody></table></div></section>\n";
}

std::string learning(const Report& report) {
  if (report.learning.empty()) return "";
  std::string html =
      "<section><h2>What more clips bring</h2>\n<p>The same clips, taught with fewer of each label: how many "
      "of those "
      "left out have their own label highest.</p>\n<div class=\"scroll\"><table class=\"wide\"><thead><tr>"
      "<th class=\"n\">clips a label</th><th class=\"n\">right</th><th class=\"spare\"></th><th>95 "
      "%</th></tr></thead>"
      "<tbody>\n";
  for (const LearningPoint& point : report.learning) {
    const Interval interval = wilson_interval(point.highest.found, point.highest.of);
    html += fmt::format(
        "<tr><td class=\"n\">{:.3g}</td><td class=\"n\">{}</td><td class=\"spare\">{}</td>"
        "<td class=\"range\">{:.1f} to {:.1f} %</td></tr>\n",
        point.clips_per_label, percent(point.highest.share()), share_bar(point.highest.share(), interval),
        100.0 * interval.low, 100.0 * interval.high);
  }
  html += "</tbody></table></div>\n";
  if (report.learning.size() > 1) {
    const double gain = report.learning.back().highest.share() - report.learning.end()[-2].highest.share();
    html += fmt::format(
        "<p>The last step brought {:+.1f} points: {}</p>\n", 100.0 * gain,
        gain > 0.01 ? "more clips of the same kind are likely to bring more."
                    : "more of the same kind will hardly help; other recordings, places and distances "
                      "may.");
  }
  return html + "</section>\n";
}

/// A bar a window, as high as the clip's own label scores there.
std::string window_strip(const Report& report, const Report::ScoredClip& clip) {
  std::string html = "<div class=\"windows\">";
  for (std::size_t i = 0; i < clip.windows.size(); ++i) {
    const Report::ScoredClip::Window& window = clip.windows[i];
    const std::string& highest = report.evaluation.labels[window.highest];
    html += fmt::format(
        "<span class=\"{}{}\" title=\"{:.2f} s: own label {:.2f}, {} {:.2f}\"><i "
        "style=\"height:{:.0f}%\"></i></span>",
        window.highest == clip.label ? "own" : "other", i == clip.shown ? " shown" : "", window.start_s,
        window.own, html_escaped(highest), window.highest_score, 100.0 * static_cast<double>(window.own));
  }
  return html + "</div>";
}

std::string clip_card(const Report& report, const Report::ScoredClip& clip) {
  const std::vector<std::string>& labels = report.evaluation.labels;
  std::vector<std::size_t> shown(clip.scores.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  std::ranges::stable_sort(shown, std::greater<>{}, [&](std::size_t i) { return clip.scores[i]; });
  if (shown.size() > 3) shown.resize(3);
  if (std::ranges::find(shown, clip.label) == shown.end()) shown.push_back(clip.label);

  std::string html = "<div class=\"clip\">";
  if (!clip.png.empty()) {
    html += fmt::format(
        "<img alt=\"its features: time to the right, low frequencies at the bottom\" "
        "src=\"data:image/png;base64,{}\">",
        base64(clip.png));
  }
  if (!clip.windows.empty()) html += window_strip(report, clip);
  html += fmt::format(
      "<div class=\"file\">{}</div><div class=\"soft\">{}, loss {:.2f}{}</div>\n<div class=\"scores\">",
      html_escaped(clip.file), html_escaped(labels[clip.label]), clip.loss,
      clip.windows.empty() ? "" : fmt::format("; at {:.2f} s", clip.windows[clip.shown].start_s));
  for (const std::size_t i : shown) {
    const double score = clip.scores[i];
    html += fmt::format("<span class=\"name{}\">{}</span>{}<span class=\"value\">{}</span>\n",
                        i == clip.label ? " own" : "", html_escaped(labels[i]), share_bar(score),
                        score > 0.0 && score < 0.0005 ? std::string("&lt; 0.1 %") : percent(score));
  }
  return html + "</div></div>\n";
}

std::string worst(const Report& report) {
  if (report.worst.empty()) return "";
  std::string html =
      "<section><h2>Worst clips</h2>\n<p>Those with the highest loss: listen to them first. Their own label "
      "stands out among the highest scores; the picture is what the network was given";
  if (report.taught.empty()) {
    html += ".</p>\n<div class=\"clips\">\n";
  } else {
    html +=
        " of the window that spoke most against it. Those that disagree with their label come first, then "
        "those that "
        "nearly did: either they are hard, or they are not what their folder says. The bars are the windows, "
        "as high "
        "as their own label&#39;s score, red where another&#39;s is higher.</p>\n<div class=\"clips\">\n";
  }
  for (const Report::ScoredClip& clip : report.worst) html += clip_card(report, clip);
  return html + "</div></section>\n";
}

std::string facts(const std::vector<Report::Fact>& list) {
  std::string html = "<dl class=\"facts\">\n";
  for (const Report::Fact& fact : list)
    html +=
        fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_escaped(fact.name), html_escaped(fact.value));
  return html + "</dl>\n";
}

std::string facts_section(const char* title, const std::vector<Report::Fact>& list) {
  return list.empty() ? "" : fmt::format("<section><h2>{}</h2>\n{}</section>\n", title, facts(list));
}

}  // namespace

std::string render_html(const Report& report) {
  const std::string title = html_escaped(report.recipe + " on " + report.data);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>{}: {:.1f} "
      "%</title>\n<style>{}</style>\n</head>\n"
      "<body>\n<main>\n<h1>{}</h1>\n<p class=\"soft\">Scored on {}.</p>\n",
      title, 100.0 * report.evaluation.accuracy, kReportStyle, title, html_escaped(report.scored));
  for (const std::string& note : report.notes) html += "<p class=\"note\">" + html_escaped(note) + "</p>\n";
  if (report.evaluation.clips > 0 && report.evaluation.labels.size() > 1) html += headline(report);
  html += curves(report);
  html += folds(report);
  html += taught(report);
  html += learning(report);
  html += confusion_section(report.evaluation);
  html += class_section(report.evaluation);
  html += calibration(report);
  html += worst(report);
  html += "<section><h2>Data</h2>\n" + facts(report.data_facts) + class_count_table(report) + "</section>\n";
  html += facts_section("Configuration", report.configuration);
  html += facts_section("Run", report.machine);
  html += "<p class=\"by\">Made by earshot " EARSHOT_VERSION
          ". Intervals hold the true share in 95 of 100 such samples (Wilson 1927); that of F1 is the same "
          "interval "
          "of the share of right ones among all clips that are of the class or were taken for it. An "
          "interval says "
          "nothing about clips that are unlike these.</p>\n";
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace earshot
