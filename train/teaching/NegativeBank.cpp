#include "train/teaching/NegativeBank.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Sha256.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::uintmax_t kMostBytes = std::uintmax_t{64} << 20U;
constexpr int kFormat = 1;
constexpr double kSteps = 255.0;

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// What lies behind the header's line.
std::string body_of(const NegativeBank& bank) {
  std::string body(bytes_of(bank.low));
  body += bytes_of(bank.high);
  body.append(reinterpret_cast<const char*>(bank.numbers.data()), bank.numbers.size());
  return body;
}

json::array recordings_of(const NegativeBank& bank) {
  json::array recordings;
  for (const NegativeBank::Recording& recording : bank.recordings) {
    recordings.emplace_back(json::object{{"file", recording.file},
                                         {"family", recording.family},
                                         {"labels", json::value_from(recording.labels)},
                                         {"windows", recording.windows}});
  }
  return recordings;
}

/// Over all that it says.
std::string checksum_of(const NegativeBank& bank) {
  return sha256_of(bank.digest + '\n' + bank.notice + '\n' + json::serialize(recordings_of(bank)) + '\n' + body_of(bank));
}

NegativeBank parse_bank(std::string_view bytes) {
  const std::size_t line = bytes.find('\n');
  if (line == std::string_view::npos) throw Error(ExitCode::bad_data, "is no bank of negatives");
  NegativeBank bank;
  const json::value document = json::parse(json::string_view(bytes.data(), line));
  const json::object& header = document.as_object();
  if (header.at("earshot_bank").to_number<int>() != kFormat) {
    throw Error(ExitCode::bad_data, fmt::format("is a bank of format {}, expected {}",
                                                header.at("earshot_bank").to_number<int>(), kFormat));
  }
  const std::string_view body = bytes.substr(line + 1);
  bank.digest = header.at("base").as_string();
  bank.notice = header.at("notice").as_string();
  const auto width = header.at("width").to_number<std::size_t>();
  std::size_t windows = 0;
  for (const json::value& value : header.at("recordings").as_array()) {
    const json::object& entry = value.as_object();
    NegativeBank::Recording recording{std::string(entry.at("file").as_string()),
                                      std::string(entry.at("family").as_string()), {},
                                      entry.at("windows").to_number<std::size_t>()};
    for (const json::value& label : entry.at("labels").as_array()) recording.labels.emplace_back(label.as_string());
    if (recording.windows > kMostBytes - windows) throw Error(ExitCode::bad_data, "has too many windows");
    windows += recording.windows;
    bank.recordings.push_back(std::move(recording));
  }
  const std::size_t bounds = width * sizeof(float);
  if (width == 0 || width > kMostBytes || windows > kMostBytes || body.size() != 2 * bounds + windows * width)
    throw Error(ExitCode::bad_data, "has other numbers than its first line says");
  bank.low.resize(width);
  bank.high.resize(width);
  std::memcpy(bank.low.data(), body.data(), bounds);
  std::memcpy(bank.high.data(), body.data() + bounds, bounds);
  for (std::size_t i = 0; i < width; ++i) {
    if (!std::isfinite(bank.low[i]) || !std::isfinite(bank.high[i]) || bank.low[i] > bank.high[i])
      throw Error(ExitCode::bad_data, "has bounds that are none");
  }
  bank.numbers.resize(windows * width);
  std::memcpy(bank.numbers.data(), body.data() + 2 * bounds, bank.numbers.size());
  if (checksum_of(bank) != std::string_view(header.at("sha256").as_string()))
    throw Error(ExitCode::bad_data, "was altered: its checksum is another");
  return bank;
}

}  // namespace

void NegativeBank::read(std::size_t window, std::span<float> embedding) const {
  for (std::size_t i = 0; i < width(); ++i) {
    const float share = static_cast<float>(numbers[window * width() + i]) / static_cast<float>(kSteps);
    embedding[i] = low[i] + (high[i] - low[i]) * share * share;
  }
}

NegativeBank NegativeBank::without(const std::vector<std::string>& families) const {
  std::set<std::string> known;
  for (const Recording& recording : recordings) known.insert(recording.family);
  for (const std::string& family : families) {
    if (known.contains(family)) continue;
    throw Error(ExitCode::usage,
                fmt::format("families of the bank to leave out: found '{}', expected one of {}", family, fmt::join(known, ", ")));
  }
  NegativeBank rest{digest, notice, {}, low, high, {}};
  std::size_t window = 0;
  for (const Recording& recording : recordings) {
    const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(window * width());
    window += recording.windows;
    if (std::ranges::find(families, recording.family) != families.end()) continue;
    rest.recordings.push_back(recording);
    rest.numbers.insert(rest.numbers.end(), first, first + static_cast<std::ptrdiff_t>(recording.windows * width()));
  }
  return rest;
}

NegativeBank make_bank(const Base& base, std::vector<NegativeBank::Recording> recordings,
                       std::span<const float> embeddings, std::string notice) {
  const std::size_t width = base.width;
  NegativeBank bank{base.digest, std::move(notice), std::move(recordings), {}, {}, {}};
  bank.low.assign(embeddings.begin(), embeddings.begin() + static_cast<std::ptrdiff_t>(width));
  bank.high = bank.low;
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    bank.low[i % width] = std::min(bank.low[i % width], embeddings[i]);
    bank.high[i % width] = std::max(bank.high[i % width], embeddings[i]);
  }
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    const double low = static_cast<double>(bank.low[i % width]);
    const double range = static_cast<double>(bank.high[i % width]) - low;
    const double share = range > 0.0 ? (static_cast<double>(embeddings[i]) - low) / range : 0.0;
    bank.numbers.push_back(static_cast<std::uint8_t>(std::lround(kSteps * std::sqrt(share))));
  }
  return bank;
}

void save_bank(const NegativeBank& bank, const std::filesystem::path& path) {
  const json::object header{{"earshot_bank", kFormat},     {"base", bank.digest},
                            {"sha256", checksum_of(bank)}, {"width", bank.width()},
                            {"notice", bank.notice},       {"recordings", recordings_of(bank)}};
  write_file_atomically(path, std::string_view(json::serialize(header) + '\n' + body_of(bank)));
}

NegativeBank load_bank(const std::filesystem::path& path, const Base& base) {
  const std::string bytes = read_file(path, kMostBytes, "a bank of negatives");
  NegativeBank bank;
  try {
    bank = parse_bank(bytes);
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  } catch (const std::exception&) {  // whatever the JSON lacks
    throw Error(ExitCode::bad_data, path.string() + ": is no bank of negatives, expected what trainer bank makes");
  }
  if (bank.digest != base.digest || bank.width() != base.width) {
    throw Error(ExitCode::bad_data, path.string() + ": is of another base than " + base.model.name +
                                        ": its embeddings come from a trunk or recipe " + bank.digest.substr(0, 12) +
                                        "..., expected " + base.digest.substr(0, 12) + "...");
  }
  return bank;
}

std::filesystem::path bank_beside(const std::filesystem::path& model) {
  return std::filesystem::path(model).replace_extension(".bank");
}

}  // namespace earshot
