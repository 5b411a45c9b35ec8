// The report's page and document: well formed, complete and safe whatever the labels and files are called.
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "dsp/base/JsonText.h"
#include "tests/support/HtmlCheck.h"
#include "train/report/Chart.h"
#include "train/report/ClassTables.h"
#include "train/report/Html.h"
#include "train/report/Png.h"
#include "train/report/Report.h"
#include "train/report/ReportPage.h"

using namespace earshot;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kHostile = "<b onclick=\"x\">&amp;'\xFF\x01</b>";

EpochRecord epoch_record(int epoch) {
  EpochRecord record;
  record.epoch = epoch;
  record.loss = 2.0 / epoch;
  record.accuracy = 1.0 - 0.5 / epoch;
  record.val_loss = 2.5 / epoch;
  record.val_accuracy = 0.9 - 0.5 / epoch;
  record.learning_rate = 0.001 / epoch;
  record.seconds = 2.0;
  return record;
}

// Three labels, the third without a clip and never predicted.
Report some_report(const std::vector<std::string>& labels = {"dog", "rain", "clock"}) {
  const std::vector<float> scores{0.7F, 0.2F, 0.1F, 0.4F, 0.5F, 0.1F, 0.0F, 1.0F, 0.0F, 0.1F, 0.9F, 0.0F};
  const std::vector<int> truth{0, 0, 0, 1};
  Report report;
  report.recipe = "v6";
  report.data = "sounds";
  report.scored = "the 4 clips of the validation part";
  report.evaluation = evaluate(scores, truth, labels);
  report.runs = {{"", {epoch_record(1), epoch_record(2), epoch_record(3)}, 2}};
  for (const std::size_t i : worst_clips(scores, truth, 3, 2)) {
    Report::ScoredClip clip;
    clip.file = "clip" + std::to_string(i) + ".wav";
    clip.label = static_cast<std::size_t>(truth[i]);
    clip.scores.assign(scores.begin() + static_cast<std::ptrdiff_t>(3 * i),
                       scores.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
    clip.loss = clip_loss(clip.scores[clip.label]);
    clip.png = png_bytes(std::vector<std::uint8_t>{0, 80, 160, 255}, 2, 2, Palette::heat);
    report.worst.push_back(clip);
  }
  report.class_counts = {{10, 3}, {8, 1}, {2, 0}};
  report.data_facts = {{"directory", "sounds"}};
  report.configuration = {{"train.batch", "64"}};
  report.machine = {{"seed", "7"}, {"oneDNN", "2.6.3"}};
  return report;
}

// Nothing in the page makes a browser fetch anything, and no figure is missing its value.
void check_page(const std::string& html) {
  CHECK_NOTHROW(test::check_html(html));
  CHECK_THAT(html, !Contains("http") && !Contains("<script") && !Contains("url(") && !Contains("@import") &&
                       !Contains("<link"));
  for (std::size_t at = html.find("src=\""); at != html.npos; at = html.find("src=\"", at + 1))
    CHECK(html.substr(at + 5, 22) == "data:image/png;base64,");
  CHECK(!std::regex_search(html, std::regex("[^a-z](nan|inf|-nan|-inf)[^a-z]", std::regex::icase)));
}

}  // namespace

TEST_CASE("a report's page holds what there is to tell and needs nothing else") {
  const std::string html = render_html(some_report());
  check_page(html);
  CHECK_THAT(html, Contains("v6 on sounds") && Contains("50.0<small> %</small>") &&
                       Contains("95 % interval 15.0 to 85.0 %") && Contains("2 of 4 clips"));
  for (const char* section :
       {"Training", "Confusion", "Classes", "Calibration", "Worst clips", "Data", "Configuration", "Run"})
    CHECK_THAT(html, Contains(std::string("<h2>") + section + "</h2>"));
  CHECK_THAT(html, Contains("<dt>seed</dt><dd>7</dd>") && Contains("clip2.wav") &&
                       Contains("prefers-color-scheme:dark"));
  CHECK_THAT(html, !Contains("<h2>Folds</h2>"));
}

TEST_CASE("labels, files and settings cannot break out of the page") {
  Report report = some_report({kHostile, "\"><img src=x>", "]]>-->"});
  report.recipe = kHostile;
  report.data = kHostile;
  report.scored = kHostile;
  report.notes = {kHostile};
  report.worst[0].file = kHostile;
  report.runs[0].name = kHostile;
  report.configuration = {{kHostile, kHostile}};
  const std::string html = render_html(report);
  check_page(html);
  CHECK_THAT(html, !Contains("<b ") && !Contains("<img src=x") && !Contains("\xFF") && !Contains("\x01"));
  CHECK_THAT(html,
             Contains("&lt;b onclick=&quot;x&quot;&gt;&amp;amp;&#39;\xEF\xBF\xBD\xEF\xBF\xBD&lt;/b&gt;"));

  const std::string json = json_text(report_json(report));
  const boost::json::value parsed = boost::json::parse(json);
  CHECK(parsed.at("worst_clips").at(0).at("file").as_string() ==
        "<b onclick=\"x\">&amp;'\xEF\xBF\xBD\x01</b>");
}

TEST_CASE(
    "a page of a taught base has its labels, its windows and what more clips bring, whatever they are "
    "called") {
  Report report = some_report({kHostile, "b", "c"});
  report.taught = {{kHostile, 0.25F, {3, 4}, {2, 4}, {0, 9}, {1, 200}, {{kHostile, 0.5F}}},
                   {"b", {}, {0, 0}, {}, {}, {}, {}}};
  report.learning = {{2.0, {5, 10}}, {4.0, {8, 10}}};
  report.worst[0].windows = {{0.0, 0.9F, report.worst[0].label, 0.9F},
                             {0.48, 0.1F, (report.worst[0].label + 1) % 3, 0.6F}};
  report.worst[0].shown = 1;
  const std::string html = render_html(report);
  check_page(html);
  CHECK_THAT(html, !Contains("<b ") && Contains("3&nbsp;of&nbsp;4") && Contains("1&nbsp;of&nbsp;200") &&
                       Contains("The last step brought +30.0 points") && Contains("at 0.48 s"));
  CHECK_THAT(html, Contains("class=\"other shown\""));
  report.learning.pop_back();
  report.taught.pop_back();
  report.taught[0].threshold.reset();
  report.taught[0].negatives = {};
  check_page(render_html(report));
  CHECK_THAT(render_html(report), !Contains("threshold</th>") && !Contains("of the bank</th>"));
}

TEST_CASE("a class without clips has dashes where there is nothing to divide by") {
  const Report report = some_report();
  const std::string table = class_section(report.evaluation);
  const std::string row = table.substr(table.find("<th>clock</th>"));
  CHECK_THAT(row, Contains("no clip") && Contains("&#8211;</td><td class=\"n\">0</td>"));
}

TEST_CASE("labels that are not exclusive have figures of the scores from 0.5 on") {
  ScoredClips clips;
  clips.labels = {"dog", "rain"};
  clips.truth = {0, 0, 1};
  clips.present = {1, 1, 1, 0, 0, 1};
  clips.scores = {0.9F, 0.8F, 0.2F, 0.6F, 0.1F, 0.7F};
  Report report = some_report();
  report.evaluation = evaluate(clips, Scores::sigmoid);
  report.worst.clear();
  report.class_counts.clear();
  const std::string html = render_html(report);
  check_page(html);
  CHECK_THAT(html, Contains("micro F1") && Contains("of the clips have the label that scores highest"));
  // Rain: both found, one taken wrongly: precision 2 of 3 (Wilson 0.21 to 0.94), recall 2 of 2.
  CHECK_THAT(
      html.substr(html.find("<tr><th>rain</th><td class=\"n\">")),
      Catch::Matchers::StartsWith("<tr><th>rain</th><td class=\"n\">0.667") && Contains("0.21 to 0.94"));
}

TEST_CASE("a page of one epoch, of none, and without validation is still whole") {
  Report report = some_report();
  report.runs[0].history.resize(1);
  report.runs[0].kept_epoch = 1;
  report.runs[0].history[0].val_loss.reset();
  report.runs[0].history[0].val_accuracy.reset();
  check_page(render_html(report));
  report.runs[0].history.clear();
  report.worst.clear();
  report.class_counts.clear();
  report.configuration.clear();
  check_page(render_html(report));
  report.evaluation = evaluate({}, {}, {"dog", "rain"});
  check_page(render_html(report));
}

TEST_CASE("hundreds of classes get no matrix but the pairs that were confused most") {
  std::vector<std::string> labels;
  for (int i = 0; i < 300; ++i) labels.push_back("sound " + std::to_string(i));
  std::vector<float> scores(2 * 300);
  scores[17] = 1.0F;
  scores[300 + 17] = 1.0F;
  const Evaluation evaluation = evaluate(scores, std::vector<int>{4, 4}, labels);
  const std::string html = confusion_section(evaluation);
  CHECK_THAT(html, !Contains("class=\"confusion\""));
  CHECK_THAT(
      html, Contains("<td>sound 4</td><td>sound 17</td><td class=\"n\">2 <span class=\"range\">of 2</span>"));
}

TEST_CASE("the report of a cross-validation has a row and a curve for each fold") {
  Report report = some_report();
  report.runs = {{"fold 1", {epoch_record(1), epoch_record(2)}, 0},
                 {"fold 2", {epoch_record(1), epoch_record(2)}, 0}};
  report.folds = {{1, 40, 30, 0.9}, {2, 40, 36, 0.5}};
  const std::string html = render_html(report);
  check_page(html);
  CHECK_THAT(html, Contains("<h2>Folds</h2>") && Contains("75.0 %") && Contains("90.0 %") &&
                       Contains("Mean of the folds 82.50 %, standard error of that mean 7.50 points") &&
                       Contains("fold 2, training"));
}

TEST_CASE("the document of a report has the figures of the page") {
  const boost::json::object json = report_json(some_report());
  CHECK(json.at("evaluation").at("accuracy").to_number<double>() == 0.5);
  CHECK(json.at("evaluation").at("labels").as_array().size() == 3);
  CHECK(json.at("reliability").as_array().size() == 15);
  CHECK(json.at("worst_clips").at(0).at("file").as_string() == "clip2.wav");
  CHECK(json.at("data_set").at("classes").at("rain").at("train").to_number<int>() == 8);
  CHECK(json.at("machine").at("seed").as_string() == "7");
}

TEST_CASE("the worst clips are those whose own label has the lowest score") {
  const std::vector<float> scores{0.7F, 0.3F, 0.2F, 0.8F, 0.0F, 1.0F};
  CHECK(worst_clips(scores, std::vector<int>{0, 0, 0}, 2, 2) == std::vector<std::size_t>{2, 1});
  CHECK(worst_clips(scores, std::vector<int>{0, 0, 0}, 2, 9) == std::vector<std::size_t>{2, 1, 0});
  CHECK(worst_clips(scores, std::vector<int>{0, 0, -1}, 2, 9) == std::vector<std::size_t>{1, 0});
  CHECK(clip_loss(0.5F) == Approx(std::log(2.0)));
  CHECK(std::isfinite(clip_loss(0.0F)));
}

TEST_CASE("the interval of F1 comes from the share of right ones among all that are involved") {
  // 6 right, 2 missed, 2 taken wrongly: J = 6 / 10, F1 = 12 / 16.
  const Interval share = wilson_interval(6, 10);
  const Interval interval = f1_interval(6, 10);
  CHECK(interval.low == Approx(2.0 * share.low / (1.0 + share.low)));
  CHECK(interval.low < 0.75);
  CHECK(interval.high > 0.75);
  CHECK(f1_interval(0, 0).low == 0.0);
  CHECK(f1_interval(0, 0).high == 1.0);
}

TEST_CASE("axes have round ticks within their range") {
  CHECK(round_ticks(0.0, 1.0, 5) == std::vector<double>{0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0});
  CHECK(round_ticks(1.0, 100.0, 8) == std::vector<double>{10, 20, 30, 40, 50, 60, 70, 80, 90, 100});
  CHECK(round_ticks(3.0, 3.0, 5) == std::vector<double>{3.0});
  // A step so small beside the figures that adding it changes nothing, as of a rate that a warm-up leaves one
  // bit off, ends as well.
  const double rate = 0.003;
  CHECK(round_ticks(rate, std::nextafter(rate, 1.0), 5).size() <= 16);
  const std::vector<double> rates{rate, std::nextafter(rate, 1.0)};
  CHECK_THAT(line_chart(ChartFrame{"rate"}, std::vector<ChartLine>{{"rate", "train", {1.0, 2.0}, rates}}),
             Contains("</svg>"));
}

TEST_CASE("base64 is what its standard says, and what HTML cannot hold is replaced") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFF\xEE\x00") == "/+4=");
  CHECK(html_escaped("<a\x1b\n>") == "&lt;a\xEF\xBF\xBD\n&gt;");
}
