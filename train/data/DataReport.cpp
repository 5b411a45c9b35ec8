#include "train/data/DataReport.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

namespace earshot {
namespace {

constexpr float kSilentPeak = 1e-4F;  // -80 dBFS
constexpr double kShortS = 0.1;
constexpr double kClippedShare = 0.001;
constexpr double kImbalance = 5.0;

/// Collects what is found, and knows the clips by the names the user gave them.
class Inspection {
 public:
  Inspection(const DataSet& data, std::span<const ClipFacts> facts) : data_(data), facts_(facts) {}

  std::vector<FindingGroup> run() {
    inspect_lists();
    inspect_clips();
    inspect_classes();
    inspect_folds();
    inspect_recordings();
    inspect_duplicates();
    std::vector<FindingGroup> found;
    for (const bool problem : {true, false}) {
      for (FindingGroup& group : groups_) {
        if (group.problem == problem) found.push_back(std::move(group));
      }
    }
    return found;
  }

 private:
  void add(bool problem, const std::string& kind, const std::string& title, Finding finding) {
    auto group = std::ranges::find(groups_, kind, &FindingGroup::kind);
    if (group == groups_.end()) group = groups_.insert(groups_.end(), {kind, title, problem, {}});
    group->findings.push_back(std::move(finding));
  }

  std::string name_of(std::size_t clip) const {
    return data_.name_of(data_.clips[clip]);
  }
  const std::string& label_name(int label) const { return data_.labels[static_cast<std::size_t>(label)]; }

  void inspect_lists() {
    const std::string prefix = data_.directory.string() + '/';
    for (const std::string& problem : data_.problems) {
      const std::string line = problem.starts_with(prefix) ? problem.substr(prefix.size()) : problem;
      const std::size_t end = line.find(": ");
      add(true, "layout", "lists and folders", {line.substr(0, end), line.substr(end + 2)});
    }
  }

  void inspect_clips() {
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      const ClipFacts& facts = facts_[i];
      if (facts.missing) {
        add(true, "missing", "missing clips", {name_of(i), facts.problem});
      } else if (!facts.readable()) {
        add(true, "broken", "unreadable clips", {name_of(i), facts.problem});
      } else if (facts.peak < kSilentPeak) {
        add(true, "silent", "silent clips (no sample above -80 dBFS)",
            {name_of(i), fmt::format("{:.3g} s", facts.seconds())});
      } else {
        inspect_sound(i, facts);
      }
      for (const std::string& damage : facts.damages) {
        add(true, "damaged", "clips of which a part cannot be read", {name_of(i), damage});
      }
    }
  }

  void inspect_sound(std::size_t i, const ClipFacts& facts) {
    if (facts.bad_samples > 0) {
      add(true, "bad_samples", "clips with NaN, infinite or absurdly loud samples, taken as 0",
          {name_of(i), fmt::format("{} samples", facts.bad_samples)});
    }
    const double share = static_cast<double>(facts.clipped) / static_cast<double>(facts.frames);
    if (share > kClippedShare) {
      add(false, "clipped", "overdriven clips (runs of samples at full scale)",
          {name_of(i), fmt::format("{:.1f} % of its samples", 100.0 * share)});
    }
    if (facts.seconds() < kShortS) {
      add(false, "short", "clips shorter than 0.1 s", {name_of(i), fmt::format("{:.3f} s", facts.seconds())});
    }
  }

  void inspect_classes() {
    std::vector<std::size_t> trains(data_.labels.size(), 0);
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (!facts_[i].readable() || data_.clips[i].part != Part::train) continue;
      for (const int label : data_.clips[i].labels()) ++trains[static_cast<std::size_t>(label)];
    }
    for (std::size_t label = 0; label < trains.size(); ++label) {
      if (trains[label] == 0) {
        add(true, "empty_class", "classes without a clip to train on",
            {data_.labels[label], "no clip that can be read"});
      }
    }
    const auto [least, most] = std::ranges::minmax_element(trains);
    if (trains.empty() || *least == 0 ||
        static_cast<double>(*most) <= kImbalance * static_cast<double>(*least))
      return;
    add(false, "imbalance", "rare classes",
        {data_.labels[static_cast<std::size_t>(least - trains.begin())],
         fmt::format("{} clips, '{}' has {} (train.class_weights = true makes up for it)", *least,
                     data_.labels[static_cast<std::size_t>(most - trains.begin())], *most)});
  }

  void inspect_folds() {
    const std::map<int, std::set<int>> classes = labels_of_folds(data_);
    for (const auto& [fold, present] : classes) {
      if (present.size() == data_.labels.size()) continue;
      if (present.size() == 1) {
        add(true, "fold_of_one_class", "folds of a single class",
            {fmt::format("fold {}", fold), "only clips of '" + label_name(*present.begin()) + '\''});
        continue;
      }
      std::vector<std::string> absent;
      for (std::size_t label = 0; label < data_.labels.size(); ++label) {
        if (!present.contains(static_cast<int>(label))) absent.push_back(data_.labels[label]);
      }
      const std::size_t more = absent.size() > 3 ? absent.size() - 3 : 0;
      absent.resize(absent.size() - more);
      add(false, "fold_lacks_class", "folds without some class",
          {fmt::format("fold {}", fold), fmt::format("no clip of {}{}", fmt::join(absent, ", "),
                                                     more ? fmt::format(" and {} more", more) : "")});
    }
    if (classes.size() == 1) {
      add(true, "one_fold", "folds",
          {fmt::format("fold {}", classes.begin()->first), "holds every clip, expected two folds at least"});
    }
  }

  /// A recording on both sides makes a model look better than it is.
  void inspect_recordings() {
    std::vector<std::set<std::string>> places(data_.groups.size());
    for (const LabelledClip& clip : data_.clips) {
      if (clip.group >= 0) places[static_cast<std::size_t>(clip.group)].insert(place_of(clip));
    }
    for (std::size_t group = 0; group < places.size(); ++group) {
      if (places[group].size() < 2) continue;
      // The column says so; names of files only suggest it.
      add(data_.groups_given, "parted_recording", "recordings parted by folds or lists",
          {data_.groups[group], fmt::format("clips in {}", fmt::join(places[group], ", "))});
    }
  }

  std::string place_of(const LabelledClip& clip) const {
    if (clip.part == Part::test) return "the test list";
    return clip.fold > 0 ? fmt::format("fold {}", clip.fold) : "the training list";
  }

  void inspect_duplicates() {
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> same;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].readable() && facts_[i].peak >= kSilentPeak) same[facts_[i].sound].push_back(i);
    }
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (!facts_[i].readable() || facts_[i].peak < kSilentPeak) continue;
      const std::vector<std::size_t>& alike = same[facts_[i].sound];
      if (alike.size() < 2 || alike.front() != i) continue;
      for (const std::size_t other : std::span(alike).subspan(1)) add_duplicate(i, other);
    }
  }

  void add_duplicate(std::size_t first, std::size_t second) {
    const LabelledClip& a = data_.clips[first];
    const LabelledClip& b = data_.clips[second];
    if (a.labels() != b.labels()) {
      add(true, "contradiction", "same sound under different labels",
          {name_of(second), fmt::format("as {}, which is {}", name_of(first), labels_text(a))});
    } else if (place_of(a) != place_of(b)) {
      add(true, "duplicate_across", "same sound in two parts of the data",
          {name_of(second), fmt::format("in {}; {} in {}", place_of(b), name_of(first), place_of(a))});
    } else {
      add(false, "duplicate", "same sound twice", {name_of(second), "as " + name_of(first)});
    }
  }

  std::string labels_text(const LabelledClip& clip) const {
    if (clip.background()) return "background";
    std::vector<std::string> names;
    for (const int label : clip.labels()) names.push_back(label_name(label));
    return fmt::format("{}", fmt::join(names, " and "));
  }

  const DataSet& data_;
  std::span<const ClipFacts> facts_;
  std::vector<FindingGroup> groups_;
};

void summarise_lengths(DataReport& report, std::span<const ClipFacts> facts) {
  std::vector<double> lengths;
  for (const ClipFacts& clip : facts) {
    if (clip.readable()) lengths.push_back(clip.seconds());
  }
  if (lengths.empty()) return;
  std::ranges::sort(lengths);
  report.shortest_s = lengths.front();
  report.median_s = (lengths[(lengths.size() - 1) / 2] + lengths[lengths.size() / 2]) / 2.0;
  report.longest_s = lengths.back();
}

}  // namespace

std::size_t DataReport::problems() const {
  std::size_t count = 0;
  for (const FindingGroup& group : findings) count += group.problem ? group.findings.size() : 0;
  return count;
}

DataReport report_on(const DataSet& data, std::span<const ClipFacts> facts) {
  DataReport report;
  report.classes.resize(data.labels.size());
  std::vector<std::set<int>> groups(data.labels.size() + 2);  // background and all last
  const auto count = [&](ClassSummary& summary, std::set<int>& seen, std::size_t i) {
    const LabelledClip& clip = data.clips[i];
    ++summary.clips;
    summary.tests += clip.part == Part::test ? 1 : 0;
    summary.seconds += facts[i].seconds();
    if (clip.fold > 0) ++summary.folds[clip.fold];
    if (clip.group < 0 || seen.insert(clip.group).second) ++summary.recordings;
  };
  for (std::size_t i = 0; i < data.clips.size(); ++i) {
    const LabelledClip& clip = data.clips[i];
    count(report.all, groups.back(), i);
    if (clip.background()) count(report.background, groups[data.labels.size()], i);
    for (const int label : clip.labels()) {
      const auto at = static_cast<std::size_t>(label);
      count(report.classes[at], groups[at], i);
    }
    report.several_labels += clip.also.empty() ? 0 : 1;
    if (!facts[i].readable()) continue;
    ++report.readable;
    ++report.rates_hz[facts[i].rate_hz];
    ++report.channels[facts[i].channels];
  }
  std::vector<std::size_t> clips_of_group(data.groups.size());
  for (const LabelledClip& clip : data.clips) {
    if (clip.group >= 0 && ++clips_of_group[static_cast<std::size_t>(clip.group)] == 2) {
      ++report.recordings_of_several_clips;
    }
  }
  summarise_lengths(report, facts);
  report.findings = Inspection(data, facts).run();
  return report;
}

}  // namespace earshot
