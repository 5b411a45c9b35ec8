#include "train/teaching/TeachConfig.h"

#include "dsp/base/StrictToml.h"

namespace earshot {

bool is_teach_config(const std::filesystem::path& path) {
  const StrictToml file = StrictToml::from_file(path);
  return file.has("base") || file.has("labels") || file.has("bank");
}

TeachConfig load_teach_config(const std::filesystem::path& path) {
  StrictToml file = StrictToml::from_file(path);
  TeachConfig config;
  config.notice = file.text("notice", "");
  StrictToml base = file.table("base");
  if (base.has("model")) config.base = base.path("model", {});
  base.reject_unknown();
  StrictToml labels = file.table("labels");
  for (const std::string& name : labels.keys())
    config.labels[name] = {labels.text(name, ""), labels.place(name)};
  StrictToml bank = file.table("bank");
  config.without = bank.texts("without");
  bank.reject_unknown();
  file.reject_unknown();
  return config;
}

void rename_classes(DataSet& data, const TeachConfig& config) {
  for (std::string& name : data.labels) {
    const auto mapped = config.labels.find(name);
    if (mapped != config.labels.end()) name = mapped->second.label;
  }
}

}  // namespace earshot
