// What the demo plays, and what the bundled model calls it.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/Classify.h"
#include "daemon/client/DemoSounds.h"
#include "tests/support/BundledModel.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

/// What each window of `sound` is called: `heard[0]`, or nothing.
std::vector<std::string> names_of(const std::vector<float>& sound, const std::filesystem::path& model) {
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sound, kDemoRateHz);
  std::ostringstream lines;
  std::ostringstream errors;
  const ClassifySettings settings{
      .files = {directory / "sound.wav"}, .model = model, .hop_s = 0.48, .gate_dbfs = {}, .json = true};
  REQUIRE(classify_files(settings, lines, errors) == ExitCode::ok);
  std::vector<std::string> names;
  std::istringstream stream(lines.str());
  for (std::string line; std::getline(stream, line);) {
    const auto message = boost::json::parse(line).as_object();
    if (message.at("type") != "prediction") continue;
    const auto& heard = message.at("heard").as_array();
    names.push_back(heard.empty() ? "" : std::string(heard.front().as_string()));
  }
  return names;
}

}  // namespace

TEST_CASE("the bundled model calls what the demo plays by its name in two windows of three") {
  const auto model = find_bundled_model();
  if (!model) return;
  for (const DemoSound& sound : demo_sounds()) {
    const std::vector<std::string> names = names_of(sound.make(8.0), *model);
    REQUIRE(names.size() >= 14);
    std::string all;
    for (const std::string& name : names) all += name + "; ";
    INFO(sound.what << " is called " << all);
    CHECK(3 * std::count(names.begin(), names.end(), sound.label) >= 2 * static_cast<std::ptrdiff_t>(names.size()));
  }
}

TEST_CASE("what the demo plays is called by AudioSet's words") {
  std::ifstream file(std::string(EARSHOT_SOURCE_DIR) + "/config/audioset-labels.toml");
  std::ostringstream labels;
  labels << file.rdbuf();
  for (const DemoSound& sound : demo_sounds()) {
    CHECK_THAT(labels.str(), Catch::Matchers::Contains('"' + std::string(sound.label) + '"'));
  }
}

TEST_CASE("the demo's sounds are the same each time, as long as asked for, and neither clipped nor faint") {
  for (const DemoSound& sound : demo_sounds()) {
    INFO(sound.what);
    const std::vector<float> made = sound.make(3.0);
    const bool same = made == sound.make(3.0);  // else a failure prints them
    CHECK(same);
    CHECK(made.size() == 3 * std::size_t{kDemoRateHz});
    float peak = 0.0F;
    for (const float x : made) peak = std::max(peak, std::abs(x));
    CHECK(peak > 0.5F);
    CHECK(peak <= 0.72F);
  }
}

}  // namespace earshot::test
