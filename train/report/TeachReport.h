// TeachReport: the report of a base that was taught: its labels, its clips and the windows they are told by.
#pragma once

#include <filesystem>
#include <span>

#include "train/report/Report.h"
#include "train/teaching/HeadTeacher.h"

namespace earshot {

/// Of clips that `heard` says what layers made of that had not heard them; one without a loud window is
/// wrong. What thresholds make of them, settings and machine are left to the caller. `by_fold`: a layer for
/// each fold of the data. Reads again the clips that are shown.
Report teach_report(const TeachingMaterial& material, std::span<const HeardClip> heard, bool by_fold);

/// What a head that was taught with all clips adds to it, one label of `report.taught` a row.
void add_figures(Report& report, const TaughtLabels& taught, const TaughtHead& head);

/// report.html and report.json. Throws Error(io).
void write_teach_report(const Report& report, const std::filesystem::path& directory);

}  // namespace earshot
