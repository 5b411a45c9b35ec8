#include "train/data/RecordingHolds.h"

#include <algorithm>
#include <string>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Csv.h"
#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"

namespace earshot {
namespace {

class HoldsReader {
 public:
  HoldsReader(const std::filesystem::path& list, std::vector<std::string> names, const Model& model)
      : csv_(read_csv(list)),
        file_(csv_.column("file")),
        labels_(csv_.column("labels")),
        names_(std::move(names)),
        model_(model),
        ancestors_(ancestors_of(model.meanings, model.labels)),
        holds_(names_.size()) {}

  std::vector<std::vector<bool>> read() {
    for (const Csv::Row& row : csv_.rows) {
      std::vector<bool>& held = holds_[index_of(row, file_, row.fields[file_], names_, "a sound file of the folder")];
      held.resize(model_.labels.size());
      for (const std::size_t label : labels_of(row)) hold(label, held);
    }
    return std::move(holds_);
  }

 private:
  // The whole field is a label, or else a list of them.
  std::vector<std::size_t> labels_of(const Csv::Row& row) const {
    const std::string& field = row.fields[labels_];
    const auto whole = std::ranges::find(model_.labels, field);
    if (whole != model_.labels.end()) return {static_cast<std::size_t>(whole - model_.labels.begin())};
    std::vector<std::size_t> found;
    for (const std::string& label : listed_in(field))
      found.push_back(index_of(row, labels_, label, model_.labels, "a label of the model"));
    return found;
  }

  std::size_t index_of(const Csv::Row& row, std::size_t column, const std::string& name,
                       const std::vector<std::string>& known, const char* expected) const {
    const auto found = std::ranges::find(known, name);
    if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
    const std::string* nearest = nearest_name(known, name);
    throw Error(ExitCode::bad_data,
                fmt::format("{}:{}: {}: found {}, expected {}{}", csv_.path.string(), row.line, csv_.columns[column],
                            shown_field(name), expected, nearest ? "; nearest is " + shown_field(*nearest) : ""));
  }

  void hold(std::size_t label, std::vector<bool>& held) const {
    held[label] = true;
    for (const std::size_t ancestor : ancestors_[label]) held[ancestor] = true;
    for (std::size_t kind = 0; kind < ancestors_.size(); ++kind) {
      if (std::ranges::binary_search(ancestors_[kind], label)) held[kind] = true;
    }
  }

  Csv csv_;
  std::size_t file_;
  std::size_t labels_;
  std::vector<std::string> names_;
  const Model& model_;
  std::vector<std::vector<std::size_t>> ancestors_;
  std::vector<std::vector<bool>> holds_;
};

}  // namespace

std::vector<std::vector<bool>> recording_holds(const std::filesystem::path& folder,
                                               const std::vector<std::filesystem::path>& files, const Model& model) {
  const std::filesystem::path list = folder / "holds.csv";
  std::error_code unseen;
  if (!std::filesystem::exists(list, unseen)) return std::vector<std::vector<bool>>(files.size());
  std::vector<std::string> names;
  for (const std::filesystem::path& file : files) names.push_back(file.lexically_relative(folder).string());
  return HoldsReader(list, std::move(names), model).read();
}

}  // namespace earshot
