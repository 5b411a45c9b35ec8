#include "nn/model/Model.h"

#include <cmath>
#include <cstdint>
#include <set>
#include <string_view>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/FileKind.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Sha256.h"
#include "dsp/base/Utf8.h"
#include "nn/model/ModelJson.h"
#include "nn/model/Safetensors.h"

namespace earshot {
namespace {

// The header's __metadata__. Version 1 has exactly these fields; a file with one that it does not know is refused.
constexpr const char* kFormatKey = "earshot_format";
constexpr const char* kFormatVersion = "1";
constexpr const char* kChecksumKey = "checksum";
constexpr const char* kRecipeKey = "recipe";
constexpr const char* kLabelsKey = "labels";
constexpr const char* kArchitectureKey = "architecture";
constexpr const char* kCalibrationKey = "calibration";
constexpr const char* kProvenanceKey = "provenance";
constexpr const char* kMeaningsKey = "meanings";  // unless there are none

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{320}
                                         << 20U;  // all parameters an architecture may have
constexpr std::size_t kChecksumDigits = 64;

// Where the checksum's digits begin. A quote inside a JSON string is escaped, so this matches the field
// alone.
std::size_t find_checksum(std::string_view bytes) {
  const std::string field = "\"" + std::string(kChecksumKey) + "\":\"";
  const std::size_t position = bytes.find(field);
  if (position == std::string_view::npos || bytes.size() - position - field.size() < kChecksumDigits) {
    throw Error(ExitCode::bad_data, "its checksum is missing");
  }
  return position + field.size();
}

// SHA-256 of the whole file, the checksum's own digits taken as zeros.
std::string checksum(std::string_view bytes) {
  const std::size_t digits = find_checksum(bytes);
  Sha256 sha;
  sha.update(bytes.substr(0, digits));
  sha.update(std::string(kChecksumDigits, '0'));
  sha.update(bytes.substr(digits + kChecksumDigits));
  return sha.hex();
}

void validate_labels(const std::vector<std::string>& labels, int classes) {
  if (labels.size() != static_cast<std::size_t>(classes)) {
    throw Error(ExitCode::bad_data, "labels: found " + std::to_string(labels.size()) + ", expected " +
                                        std::to_string(classes) + ", one a logit");
  }
  std::set<std::string_view> seen;
  for (const std::string& label : labels) {
    if (const std::string problem = name_problem(label); !problem.empty()) {
      throw Error(ExitCode::bad_data, "labels: label " + std::to_string(seen.size() + 1) + ' ' + problem);
    }
    if (!seen.insert(label).second) {
      throw Error(ExitCode::bad_data, "labels: '" + label + "' occurs twice, expected unique labels");
    }
  }
}

// Throws Error(bad_data) unless the parts fit each other.
void validate(const Model& model) {
  validate(model.recipe);
  const int classes = class_count(model.architecture);
  if (model.architecture.input != model.recipe.shape()) {
    throw Error(ExitCode::bad_data, "architecture: its input is " + shape_text(model.architecture.input) +
                                        ", expected the recipe's " + shape_text(model.recipe.shape()));
  }
  validate_labels(model.labels, classes);
  if (!std::isfinite(model.temperature) || model.temperature <= 0.0F) {
    throw Error(ExitCode::bad_data, "calibration: temperature is " + std::to_string(model.temperature) +
                                        ", expected a finite number above 0");
  }
  validate(model.meanings, model.labels);
  validate(model.weights, model.architecture);
}

const std::string& metadata(const Safetensors& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw Error(ExitCode::bad_data, std::string("its metadata lacks '") + key + "'");
  }
  return found->second;
}

std::string format_model(const Model& model) {
  Safetensors file;
  file.metadata = {{kFormatKey, kFormatVersion},
                   {kRecipeKey, format_recipe(model.recipe)},
                   {kLabelsKey, format_labels(model.labels)},
                   {kArchitectureKey, format_architecture(model.architecture)},
                   {kCalibrationKey, format_calibration({model.temperature})},
                   {kProvenanceKey, format_provenance(model.provenance)},
                   {kChecksumKey, std::string(kChecksumDigits, '0')}};
  if (!model.meanings.empty()) file.metadata[kMeaningsKey] = format_meanings(model.meanings);
  file.tensors = model.weights;
  std::string bytes = format_safetensors(file);
  bytes.replace(find_checksum(bytes), kChecksumDigits, checksum(bytes));
  return bytes;
}

}  // namespace

Model parse_model(std::string_view bytes) {
  Safetensors file = parse_safetensors(bytes);
  if (!file.metadata.contains(kFormatKey)) {
    throw Error(
        ExitCode::bad_data,
        std::string("is a safetensors file but no Earshot model: its metadata lacks '") + kFormatKey + "'");
  }
  if (const std::string& version = metadata(file, kFormatKey); version != kFormatVersion) {
    throw Error(ExitCode::bad_data,
                "its format version is '" + version + "', expected '" + kFormatVersion + "'");
  }
  if (const std::string found = checksum(bytes); metadata(file, kChecksumKey) != found) {
    throw Error(ExitCode::bad_data, "was altered: its checksum is " + found + ", expected " +
                                        metadata(file, kChecksumKey).substr(0, kChecksumDigits));
  }
  Model model;
  model.recipe = parse_recipe(metadata(file, kRecipeKey));
  model.labels = parse_labels(metadata(file, kLabelsKey));
  model.architecture = parse_architecture(metadata(file, kArchitectureKey));
  model.temperature = parse_calibration(metadata(file, kCalibrationKey)).temperature;
  model.provenance = parse_provenance(metadata(file, kProvenanceKey));
  std::size_t fields = 7;
  if (file.metadata.contains(kMeaningsKey)) {
    model.meanings = parse_meanings(metadata(file, kMeaningsKey));
    ++fields;
  }
  if (file.metadata.size() != fields) {
    throw Error(ExitCode::bad_data, "its metadata has " + std::to_string(file.metadata.size()) +
                                        " fields, expected " + std::to_string(fields));
  }
  model.weights = std::move(file.tensors);
  validate(model);
  return model;
}

Model load_model(const std::filesystem::path& path) {
  const std::string bytes = read_file(path, kMaxFileBytes, "a model file");
  if (is_zip(bytes) || is_hdf5(bytes)) {
    throw Error(ExitCode::bad_data,
                path.string() + ": is a file of Keras', expected a model: trainer import makes one of it");
  }
  try {
    Model model = parse_model(bytes);
    model.name = path.stem().string();
    model.sha256 = sha256_of(bytes);
    return model;
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  }
}

std::string check_writable(const Model& model) {
  std::string bytes = format_model(model);
  const Model read_back = parse_model(bytes);
  if (read_back.recipe != model.recipe || read_back.labels != model.labels ||
      read_back.architecture != model.architecture || read_back.temperature != model.temperature ||
      read_back.meanings != model.meanings ||
      read_back.provenance != model.provenance) {
    throw Error(ExitCode::software, "a number or text of it does not survive being written");
  }
  return bytes;
}

void save_model(const Model& model, const std::filesystem::path& path) {
  std::string bytes;
  try {
    bytes = check_writable(model);
  } catch (const Error& error) {
    throw Error(ExitCode::software, path.string() + ": not written: " + error.what());
  }
  write_file_atomically(path, std::string_view(bytes));
}

}  // namespace earshot
