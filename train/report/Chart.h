// Chart: drawings of a report as inline SVG, coloured by the page's style sheet.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/measuring/Metrics.h"

namespace earshot {

struct ChartLine {
  std::string name;       ///< for the values shown at the pointer
  std::string style;      ///< CSS class of the line: "train", "validation"
  std::vector<double> x;  ///< rising
  std::vector<double> y;  ///< as many, finite
};

struct ChartFrame {
  std::string label;         ///< read out instead of the picture
  double least = 0.0;        ///< of y, at the least: the axis reaches at least from here ...
  double most = 0.0;         ///< ... to there; equal: as far as the lines do
  bool logarithmic = false;  ///< y, where all of it is positive
  bool percent = false;      ///< y is a fraction shown in percent
  int marked_x = 0;          ///< a line across at this x; 0: none
};

/// Axes, grid, a line each, at every whole x the values for whoever points at it. Any number of points, one
/// or none included.
std::string line_chart(const ChartFrame& frame, std::span<const ChartLine> lines);

/// Accuracy over confidence with the diagonal of a calibrated classifier, below it how many clips each bin
/// holds.
std::string reliability_diagram(std::span<const ReliabilityBin> bins);

/// A share 0 .. 1 as a bar, with its interval as a whisker where there is one.
std::string share_bar(double share, const std::optional<Interval>& interval = std::nullopt);

/// Round steps over [low, high]: the multiples of 1, 2 or 5 times a power of ten, about `about` of them.
std::vector<double> round_ticks(double low, double high, int about);

}  // namespace earshot
