// DataReport: what a data set holds and what is wrong with it, from its lists and its decoded clips.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "train/data/ClipSurvey.h"
#include "train/data/DataSet.h"

namespace earshot {

/// Something about one file (or a class, a fold), and what.
struct Finding {
  std::string about;
  std::string what;
};

/// Findings of one kind.
struct FindingGroup {
  std::string kind;      ///< "missing", for programs
  std::string title;     ///< "missing clips", for people
  bool problem = false;  ///< makes --strict fail; else worth a look only
  std::vector<Finding> findings;
};

/// A class, or background, or all clips.
struct ClassSummary {
  std::size_t clips = 0;  ///< in the lists, readable or not; a clip of several labels counts in each
  std::size_t tests = 0;  ///< of them in the test list
  double seconds = 0.0;   ///< of those that can be read
  std::size_t recordings = 0;
  std::map<int, std::size_t> folds;  ///< clips in each fold
};

struct DataReport {
  std::vector<ClassSummary> classes;  ///< one a label
  ClassSummary background;
  ClassSummary all;
  std::size_t readable = 0;
  std::size_t several_labels = 0;  ///< clips with more than one
  std::size_t recordings_of_several_clips = 0;
  std::map<int, std::size_t> rates_hz;                       ///< -> readable clips
  std::map<int, std::size_t> channels;                       ///< -> readable clips
  double shortest_s = 0.0, median_s = 0.0, longest_s = 0.0;  ///< of readable clips
  std::vector<FindingGroup> findings;                        ///< without empty groups, problems first

  /// Findings that are problems.
  std::size_t problems() const;
};

/// `facts`: one for each clip of the data set.
DataReport report_on(const DataSet& data, std::span<const ClipFacts> facts);

/// At most 80 columns wide, names of files aside.
std::string data_report_text(const DataSet& data, const DataReport& report);
/// {directory, layout, usable, clips, readable, seconds, labels, classes [{label, clips, tests, seconds,
/// recordings, folds {number: clips}}], background, lengths_s {shortest, median, longest}, rates_hz {rate:
/// clips}, channels {count: clips}, several_labels, recordings {count, of_several_clips, named_by},
/// problems [{kind, about, what}], notes [the same]}
std::string data_report_json(const DataSet& data, const DataReport& report);

}  // namespace earshot
