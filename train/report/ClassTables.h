// ClassTables: the parts of a report's page that look at the classes one by one.
#pragma once

#include <string>

#include "train/report/Report.h"

namespace earshot {

/// The 95 % interval of F1 = 2 J / (1 + J), rising in J: that of J, the share of right ones among the
/// `involved` clips that are of the class or were taken for it.
Interval f1_interval(std::size_t hits, std::size_t involved) noexcept;

/// The matrix, where it has a readable size, and which labels were taken for which most often.
std::string confusion_section(const Evaluation& evaluation);
/// Precision, recall and F1 of each class with intervals, and its support.
std::string class_section(const Evaluation& evaluation);
/// Clips of each class in the parts, or nothing.
std::string class_count_table(const Report& report);

}  // namespace earshot
