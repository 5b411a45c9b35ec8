#include "train/report/Chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

#include <spdlog/fmt/fmt.h>

#include "train/report/Html.h"

namespace earshot {
namespace {

// Of every drawing, in its own units; the page scales it.
constexpr double kWidth = 440.0;
constexpr double kHeight = 250.0;
constexpr double kLeft = 56.0;
constexpr double kRight = 12.0;
constexpr double kTop = 10.0;
constexpr double kBottom = 34.0;
constexpr std::size_t kMostTooltips = 400;

// From figures to the drawing's units.
struct Scale {
  double low = 0.0;
  double high = 1.0;
  double from = 0.0;
  double to = 1.0;
  bool logarithmic = false;

  double operator()(double value) const {
    const auto bend = [&](double v) { return logarithmic ? std::log10(v) : v; };
    const double width = bend(high) - bend(low);
    return width == 0.0 ? (from + to) / 2.0 : from + (to - from) * (bend(value) - bend(low)) / width;
  }
};

std::string begin_svg(const std::string& label, double height) {
  return fmt::format("<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">", kWidth, height,
                     html_escaped(label));
}

std::string line(const char* style, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", style,
                     x1, y1, x2, y2);
}

std::string rect(const char* style, double x, double y, double width, double height,
                 const std::string& title) {
  return fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.2f}\" "
      "height=\"{:.2f}\"><title>{}</title></rect>",
      style, x, y, width, height, html_escaped(title));
}

std::string words(const char* style, double x, double y, const std::string& text) {
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", style, x, y,
                     html_escaped(text));
}

// Ticks a decade apart, or at 1, 2 and 5 of each where there are few decades.
std::vector<double> decade_ticks(double low, double high) {
  std::vector<double> ticks;
  const bool fine = high / low < 200.0;
  for (int power = static_cast<int>(std::floor(std::log10(low))); std::pow(10.0, power) <= high * 1.001;
       ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double tick = digit * std::pow(10.0, power);
      if (tick >= low * 0.999 && tick <= high * 1.001 && (fine || digit == 1.0)) ticks.push_back(tick);
    }
  }
  return ticks;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

Scale value_scale(const ChartFrame& frame, std::span<const ChartLine> lines) {
  Extent extent;
  for (const ChartLine& each : lines) {
    for (const double y : each.y) extent.include(y);
  }
  if (extent.empty()) extent = {0.0, 1.0};
  if (frame.least != frame.most) {
    extent.include(frame.least);
    extent.include(frame.most);
  }
  const bool logarithmic = frame.logarithmic && extent.low > 0.0 && extent.high > 4.0 * extent.low;
  if (logarithmic) {
    extent = {extent.low / 1.1, extent.high * 1.1};
  } else if (extent.high - extent.low <= 1e-9 * std::max(std::abs(extent.low), std::abs(extent.high))) {
    const double margin = extent.low == 0.0 ? 1.0 : std::abs(extent.low) / 2.0;
    extent = {extent.low - margin, extent.high + margin};
  } else {
    // The axis ends on round figures.
    const std::vector<double> ticks = round_ticks(extent.low, extent.high, 5);
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : extent.high - extent.low;
    extent.low = step * std::floor(extent.low / step + 1e-9);
    extent.high = step * std::ceil(extent.high / step - 1e-9);
  }
  return {extent.low, extent.high, kHeight - kBottom, kTop, logarithmic};
}

std::string tick_text(double tick, bool percent) {
  if (std::abs(tick) < 1e-12) return percent ? "0 %" : "0";
  return percent ? fmt::format("{:.3g} %", 100.0 * tick) : fmt::format("{:.4g}", tick);
}

// A strip a whole x, nothing to see until the pointer is on it: then it tells the values there.
std::string tooltips(std::span<const ChartLine> lines, const Scale& x_scale, bool percent) {
  std::map<double, std::string> texts;
  for (const ChartLine& each : lines) {
    for (std::size_t i = 0; i < each.x.size(); ++i) {
      std::string& text = texts[each.x[i]];
      if (text.empty()) text = fmt::format("epoch {:g}", each.x[i]);
      text += percent ? fmt::format("\n{}: {:.1f} %", each.name, 100.0 * each.y[i])
                      : fmt::format("\n{}: {:.4g}", each.name, each.y[i]);
    }
  }
  if (texts.size() > kMostTooltips) return "";
  const double width = texts.size() < 2 ? kWidth - kLeft - kRight
                                        : (x_scale.to - x_scale.from) / static_cast<double>(texts.size() - 1);
  std::string svg;
  for (const auto& [x, text] : texts) {
    const double left = std::max(kLeft, x_scale(x) - width / 2.0);
    const double right = std::min(kWidth - kRight, x_scale(x) + width / 2.0);
    svg += rect("touch", left, kTop, right - left, kHeight - kTop - kBottom, text);
  }
  return svg;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int about) {
  std::vector<double> ticks;
  if (!(high > low)) return {low};
  const double raw = (high - low) / about;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double digit = raw / power;
  const double step = power * (digit < 1.5 ? 1.0 : digit < 3.5 ? 2.0 : digit < 7.5 ? 5.0 : 10.0);
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 3 * about; ++i) {  // bounded: low may be so large that first + 1 is first
    const double tick = (first + i) * step;
    if (tick > high + step * 1e-9) break;
    ticks.push_back(tick);
  }
  return ticks;
}

std::string line_chart(const ChartFrame& frame, std::span<const ChartLine> lines) {
  Extent x_extent;
  for (const ChartLine& each : lines) {
    for (const double x : each.x) x_extent.include(x);
  }
  if (x_extent.empty()) x_extent = {1.0, 1.0};
  const Scale x_scale{x_extent.low, x_extent.high, kLeft, kWidth - kRight};
  const Scale y_scale = value_scale(frame, lines);

  std::string svg = begin_svg(frame.label, kHeight);
  const std::vector<double> y_ticks = y_scale.logarithmic ? decade_ticks(y_scale.low, y_scale.high)
                                                          : round_ticks(y_scale.low, y_scale.high, 5);
  for (const double tick : y_ticks) {
    svg += line("grid", kLeft, y_scale(tick), kWidth - kRight, y_scale(tick));
    svg += words("tick y", kLeft - 6.0, y_scale(tick) + 4.0, tick_text(tick, frame.percent));
  }
  for (const double tick : round_ticks(x_extent.low, x_extent.high, 8)) {
    if (tick != std::round(tick)) continue;
    svg += line("axis", x_scale(tick), kHeight - kBottom, x_scale(tick), kHeight - kBottom + 4.0);
    svg += words("tick x", x_scale(tick), kHeight - kBottom + 16.0, fmt::format("{:g}", tick));
  }
  svg += line("axis", kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom);
  svg += words("tick x", (kLeft + kWidth - kRight) / 2.0, kHeight - 3.0, "epoch");
  if (frame.marked_x > 0) {
    const double x = x_scale(static_cast<double>(frame.marked_x));
    svg += line("marked", x, kTop, x, kHeight - kBottom);
  }
  for (const ChartLine& each : lines) {
    if (each.x.size() == 1) {
      svg += fmt::format("<circle class=\"dot {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>", each.style,
                         x_scale(each.x[0]), y_scale(each.y[0]));
    } else if (!each.x.empty()) {
      svg += fmt::format("<polyline class=\"line {}\" points=\"", each.style);
      for (std::size_t i = 0; i < each.x.size(); ++i)
        svg += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", x_scale(each.x[i]), y_scale(each.y[i]));
      svg += "\"/>";
    }
  }
  return svg + tooltips(lines, x_scale, frame.percent) + "</svg>";
}

std::string reliability_diagram(std::span<const ReliabilityBin> bins) {
  constexpr double kSide = 300.0;   // of the square
  constexpr double kCounts = 56.0;  // height of the counts below
  constexpr double kGap = 30.0;
  const Scale x{0.0, 1.0, kLeft, kLeft + kSide};
  const Scale y{0.0, 1.0, kTop + kSide, kTop};
  const double base = kTop + kSide + kGap + kCounts;
  std::size_t most = 1;
  for (const ReliabilityBin& bin : bins) most = std::max(most, bin.count);

  std::string svg = fmt::format("<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">",
                                kLeft + kSide + 2.0 * kRight, base + kBottom, "accuracy over confidence");
  for (const double tick : {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}) {
    svg += line("grid", kLeft, y(tick), kLeft + kSide, y(tick));
    svg += words("tick y", kLeft - 6.0, y(tick) + 4.0, tick_text(tick, true));
    svg += words("tick x", x(tick), base + 16.0, tick_text(tick, true));
  }
  for (const ReliabilityBin& bin : bins) {
    const std::string title = fmt::format(
        "confidence {:.0f} to {:.0f} %: {} clips, {} right\nmean confidence {:.1f} %, accuracy {:.1f} %",
        100.0 * bin.low, 100.0 * bin.high, bin.count, bin.correct, 100.0 * bin.mean_confidence,
        100.0 * bin.accuracy());
    const double left = x(bin.low) + 0.75;
    const double width = x(bin.high) - x(bin.low) - 1.5;
    const double share = kCounts * static_cast<double>(bin.count) / static_cast<double>(most);
    if (bin.count == 0) continue;
    const double least = std::min(bin.accuracy(), bin.mean_confidence);
    const double most_of_both = std::max(bin.accuracy(), bin.mean_confidence);
    svg += rect("accuracy", left, y(least), width, y(0.0) - y(least), title);
    svg += rect(bin.accuracy() < bin.mean_confidence ? "missing" : "excess", left, y(most_of_both), width,
                y(least) - y(most_of_both), title);
    svg += rect("count", left, base - share, width, share, title);
  }
  svg += line("diagonal", x(0.0), y(0.0), x(1.0), y(1.0));
  svg += line("axis", kLeft, y(0.0), kLeft + kSide, y(0.0));
  svg += line("axis", kLeft, base, kLeft + kSide, base);
  svg += words("tick y", kLeft - 6.0, base - kCounts + 8.0, fmt::format("{}", most));
  svg += words("tick y", kLeft - 6.0, base, "0");
  svg += words("tick x", kLeft + kSide / 2.0, base - kCounts - 8.0, "clips");
  svg += words("tick x", kLeft + kSide / 2.0, base + kBottom - 3.0, "confidence");
  return svg + "</svg>";
}

std::string share_bar(double share, const std::optional<Interval>& interval) {
  std::string label = fmt::format("{:.1f} %", 100.0 * share);
  if (interval) label += fmt::format(", {:.1f} to {:.1f} %", 100.0 * interval->low, 100.0 * interval->high);
  std::string svg = fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">"
      "<rect class=\"track\" x=\"0\" y=\"0\" width=\"100\" height=\"10\"/>"
      "<rect class=\"share\" x=\"0\" y=\"0\" width=\"{:.2f}\" height=\"10\"/>",
      label, 100.0 * share);
  if (interval) {
    svg += fmt::format("<rect class=\"whisker\" x=\"{:.2f}\" y=\"4\" width=\"{:.2f}\" height=\"2\"/>",
                       100.0 * interval->low, 100.0 * (interval->high - interval->low));
  }
  return svg + "</svg>";
}

}  // namespace earshot
