#include "train/data/FolderLayout.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"
#include "train/data/SoundFiles.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

struct Contents {
  std::vector<fs::path> folders;
  std::vector<fs::path> sounds;
  std::vector<fs::path> others;
};

/// Names in the order of their bytes; hidden ones left out.
Contents contents_of(const fs::path& directory) {
  Contents contents;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    if (entry.is_directory()) {
      contents.folders.push_back(entry.path());
    } else {
      // What is no regular file (a dangling link) is a clip that cannot be read, and will be named.
      (looks_like_sound(entry.path()) ? contents.sounds : contents.others).push_back(entry.path());
    }
  }
  std::ranges::sort(contents.folders);
  std::ranges::sort(contents.sounds);
  std::ranges::sort(contents.others);
  return contents;
}

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

/// ".jpg, .txt".
std::string extensions_of(const std::vector<fs::path>& files) {
  std::set<std::string> extensions;
  for (const fs::path& file : files) extensions.insert(file.extension().string());
  std::string text;
  for (const std::string& extension : extensions) text += (text.empty() ? "" : ", ") + extension;
  return text;
}

/// Why a folder has no clip, or nothing if it has.
std::string emptiness_of(const Contents& contents) {
  if (!contents.sounds.empty()) return {};
  if (!contents.others.empty()) {
    return "found no sound but " + counted(contents.others.size(), "file") + " (" +
           extensions_of(contents.others) + ")";
  }
  if (!contents.folders.empty())
    return "found only folders in it (" + contents.folders.front().filename().string() +
           (contents.folders.size() > 1 ? ", ..." : "") + ")";
  return "found nothing in it";
}

bool is_background(const fs::path& folder) {
  return folder.filename() == kBackgroundName || folder.filename() == "_background_noise_";
}

/// The folder's sounds; what else is in it becomes a problem or nothing.
void add_folder(DataSet& data, const fs::path& folder, const Contents& contents, int label) {
  for (const fs::path& file : contents.sounds) data.clips.push_back({file, label, 0, Part::train});
  for (const fs::path& inner : contents.folders) {
    data.problems.push_back(inner.string() + ": a folder inside '" + folder.filename().string() +
                            "' is not read, expected clips right in it");
  }
}

}  // namespace

DataSet read_folder_layout(const fs::path& directory, std::size_t least_classes) {
  DataSet data{directory, {}, {}};
  data.layout = "folders";
  const Contents top = contents_of(directory);
  std::vector<std::string> empty_folders;
  for (const fs::path& folder : top.folders) {
    if (is_background(folder) || folder.filename() == kRejectedName) continue;
    const Contents contents = contents_of(folder);
    if (const std::string reason = emptiness_of(contents); !reason.empty()) {
      empty_folders.push_back(folder.string() + ": " + reason);
      continue;
    }
    std::string label = folder.filename().string();
    if (const std::string problem = name_problem(label); !problem.empty()) {
      throw Error(ExitCode::bad_data, folder.string() + ": the folder's name, a label, " + problem);
    }
    add_folder(data, folder, contents, static_cast<int>(data.labels.size()));
    data.labels.push_back(std::move(label));
  }
  if (data.labels.size() < least_classes) {
    std::string found = "no data set";
    if (data.labels.size() == 1) found = "one class only, '" + data.labels[0] + "'";
    if (!empty_folders.empty()) {
      found += " (" + empty_folders.front() + (empty_folders.size() > 1 ? ", and others alike" : "") + ")";
    }
    throw Error(ExitCode::bad_data,
                directory.string() + ": found " + found +
                    ", expected meta.csv (or meta/esc50.csv) with audio/, or Train.csv with Train/, "
                    "or " + (least_classes == 1 ? "a folder" : "two folders") + " or more of clips, one per class");
  }
  for (const std::string& folder : empty_folders) data.problems.push_back(folder + ", no class made of it");
  if (!top.sounds.empty()) {
    data.problems.push_back(top.sounds.front().string() + ": " +
                            (top.sounds.size() > 1
                                 ? "this and " + std::to_string(top.sounds.size() - 1) + " more lie"
                                 : std::string("lies")) +
                            " beside the folders of the classes, left out");
  }
  add_folders_beside(data);
  return data;
}

namespace {

void add_rejected(DataSet& data) {
  const fs::path folder = data.directory / kRejectedName;
  if (!fs::is_directory(folder)) return;
  const Contents labels = contents_of(folder);
  if (labels.folders.empty() || !labels.sounds.empty()) {
    data.problems.push_back(folder.string() + ": found " +
                            (labels.sounds.empty() ? "no folder" : labels.sounds.front().filename().string()) +
                            " right in it, expected a folder for each label that its recordings are not");
  }
  for (const fs::path& label : labels.folders) {
    const Contents contents = contents_of(label);
    if (const std::string reason = emptiness_of(contents); !reason.empty())
      data.problems.push_back(label.string() + ": " + reason);
    for (const fs::path& file : contents.sounds) data.rejected.push_back({file, label.filename().string()});
  }
}

void add_background(DataSet& data) {
  for (const char* name : {kBackgroundName, "_background_noise_"}) {
    const fs::path folder = data.directory / name;
    if (!fs::is_directory(folder)) continue;
    const Contents contents = contents_of(folder);
    if (const std::string reason = emptiness_of(contents); !reason.empty()) {
      data.problems.push_back(folder.string() + ": " + reason);
      continue;
    }
    add_folder(data, folder, contents, kBackground);
  }
}

}  // namespace

void add_folders_beside(DataSet& data) {
  add_background(data);
  add_rejected(data);
}

}  // namespace earshot
