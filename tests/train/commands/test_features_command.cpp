// `trainer features`: the arrays numpy reads and the pictures people see.
#include "train/commands/FeaturesCommand.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/commands/Npy.h"
#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/report/Png.h"
#include "train/samples/FeatureSet.h"
#include "train/samples/SampleMaker.h"

#include <png.h>
#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What follows the 128 bytes of an array's header.
std::vector<float> values_of_npy(const fs::path& path) {
  const std::string bytes = contents(path);
  REQUIRE(bytes.size() >= 128);
  std::vector<float> values((bytes.size() - 128) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + 128, values.size() * sizeof(float));
  return values;
}

struct Picture {
  unsigned width = 0;
  unsigned height = 0;
  std::vector<std::uint8_t> grey;
};

Picture decode(const fs::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()));
  CHECK(image.format == PNG_FORMAT_GRAY);
  image.format = PNG_FORMAT_GRAY;
  Picture picture{image.width, image.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  REQUIRE(png_image_finish_read(&image, nullptr, picture.grey.data(), 0, nullptr));
  return picture;
}

}  // namespace

TEST_CASE("an array file has numpy's header, padded to 64 bytes, and little-endian values") {
  const TemporaryDirectory directory;
  const std::vector<float> values = {0.0F, 1.5F, -2.0F, 3.0F, 4.0F, 5.0F};
  write_npy(directory / "a.npy", values, {2, 3, 1});
  const std::string bytes = contents(directory / "a.npy");
  const std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 1), }";
  CHECK(bytes.substr(0, 10) == std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  CHECK(bytes.substr(10, dictionary.size()) == dictionary);
  CHECK(bytes.find_first_not_of(' ', 10 + dictionary.size()) == 127);
  CHECK(bytes[127] == '\n');
  CHECK(bytes.size() == 128 + 24);
  CHECK(values_of_npy(directory / "a.npy") == values);

  write_npy(directory / "flat.npy", values, {6});
  CHECK_THAT(contents(directory / "flat.npy"), Catch::Contains("'shape': (6,), }"));
}

TEST_CASE("a picture file reads back as it was written") {
  const TemporaryDirectory directory;
  const std::vector<std::uint8_t> grey = {0, 1, 127, 128, 254, 255};
  write_png(directory / "a.png", grey, 2, 3);
  const Picture picture = decode(directory / "a.png");
  CHECK(picture.width == 3);
  CHECK(picture.height == 2);
  CHECK(picture.grey == grey);
}

TEST_CASE("a file's features are written as an array and as a picture with the low bands at the bottom") {
  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(440.0, 48000, 30000), 48000);
  run_features({directory / "tone.wav", "v6", std::nullopt, directory / "tone.npy", directory / "tone.png"});

  const FeatureRecipe v6;
  std::vector<float> expected(v6.shape().size());
  FeatureExtractor(v6).extract_clip(load_clip(directory / "tone.wav", v6.rate_hz).samples, expected);
  CHECK_THAT(contents(directory / "tone.npy"), Catch::Contains("'shape': (256, 256, 1), }"));
  CHECK(values_of_npy(directory / "tone.npy") == expected);

  const Picture picture = decode(directory / "tone.png");
  REQUIRE(picture.width == 256);
  REQUIRE(picture.height == 256);
  std::size_t wrong = 0;
  for (std::size_t row = 0; row < 256; ++row) {
    for (std::size_t column = 0; column < 256; ++column) {
      const auto pixel = static_cast<float>(picture.grey[(255 - row) * 256 + column]);
      wrong += pixel != std::round(255.0F * expected[row * 256 + column]);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("every recipe's features are written, and its picture has time to the right") {
  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(3000.0, 44100, 110250), 44100);
  struct Case {
    const char* name;
    const char* shape;
    unsigned width;
    unsigned height;
  };
  for (const Case& expected :
       {Case{"efficientnet_b0", "(224, 224, 3)", 224, 224}, Case{"yamnet", "(96, 64, 1)", 96, 64},
        Case{"log_mel", "(128, 431, 1)", 431, 128}}) {
    CAPTURE(expected.name);
    run_features({directory / "tone.wav", expected.name, std::nullopt, directory / "tone.npy",
                  directory / "tone.png"});
    CHECK_THAT(contents(directory / "tone.npy"), Catch::Contains(std::string("'shape': ") + expected.shape));
    const Picture picture = decode(directory / "tone.png");
    CHECK(picture.width == expected.width);
    CHECK(picture.height == expected.height);
    // In the middle of the sound, the brightest band is the tone's: above the middle, below the top.
    std::size_t brightest = 0;
    const auto at = [&](std::size_t row) { return picture.grey[row * picture.width + picture.width / 4]; };
    for (std::size_t row = 0; row < picture.height; ++row) {
      if (at(row) > at(brightest)) brightest = row;
    }
    CHECK(at(brightest) > 200);
    CHECK(brightest < picture.height / 2);
    CHECK(brightest > picture.height / 10);
  }
}

TEST_CASE("the recipe comes from a preset or from a model, and from exactly one of them") {
  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(440.0, 44100, 30000), 44100);
  FeaturesOptions options{directory / "tone.wav", "v6", std::nullopt, directory / "preset.npy", std::nullopt};
  run_features(options);

  Model model;
  model.labels = {"a", "b"};
  model.architecture = v6_architecture(2);
  model.weights = initial_weights(model.architecture, 1);
  save_model(model, directory / "m.safetensors");
  options.preset.clear();
  options.model = directory / "m.safetensors";
  options.out = directory / "model.npy";
  run_features(options);
  CHECK(contents(directory / "model.npy") == contents(directory / "preset.npy"));

  const auto refused = [](const FeaturesOptions& wrong, ExitCode code, const std::string& part) {
    try {
      run_features(wrong);
      FAIL_CHECK("not refused");
    } catch (const Error& error) {
      CHECK(error.code() == code);
      CHECK_THAT(error.what(), Catch::Contains(part));
    }
  };
  options.preset = "v6";
  refused(options, ExitCode::usage, "found 2 of --preset, --model and --config");
  options.model.reset();
  options.preset.clear();
  refused(options, ExitCode::usage, "found 0 of --preset, --model and --config");
  options.preset = "v7";
  refused(options, ExitCode::usage, "found 'v7', expected one of v6");
  options.preset = "v6";
  options.file = directory / "absent.wav";
  refused(options, ExitCode::no_input, "absent.wav");
  options.file = directory / "tone.wav";
  options.out = directory / "absent" / "x.npy";
  refused(options, ExitCode::io, "x.npy");
}

TEST_CASE("augmented features are what training makes of the clip in each epoch, numbered") {
  const TemporaryDirectory directory;
  fs::create_directories(directory / "set/low");
  fs::create_directories(directory / "set/high");
  write_wav(directory / "set/low/a.wav", sine(200.0, 44100, 30000), 44100);
  write_wav(directory / "set/high/b.wav", sine(4000.0, 44100, 20000), 44100);
  FeaturesOptions options;
  options.file = directory / "set/low/a.wav";
  options.config = directory.write("c.toml", "[train]\nseed = 5\n[audio.shift]\n[mixing.between_class]\n");
  options.out = directory / "a.npy";
  options.png = directory / "a.png";
  options.augment = true;
  options.count = 3;
  CHECK_THROWS_WITH(run_features(options), Catch::Contains("found no --data"));
  options.data = directory / "set";
  run_features(options);

  const DataSet data = read_data_set(directory / "set");
  const std::vector<std::size_t> both{0, 1};
  const FeatureSet clips = load_features(data, both, FeatureRecipe{}, {});
  const TrainConfig config = load_train_config(*options.config);
  const SampleSource source(config.samples, config.augmentation, config.recipe, clips, 2, Scores::softmax);
  SampleMaker maker(source);
  const std::size_t clip = data.clips[0].label == 1 ? 0 : 1;  // "high" comes first among the labels
  REQUIRE(data.clips[clip].path == options.file);
  std::vector<float> expected(FeatureRecipe{}.shape().size());
  std::vector<float> target(2);
  for (int epoch = 0; epoch < 3; ++epoch) {
    maker.make(clip, sample_key(5, static_cast<std::size_t>(epoch), clip), expected, target);
    const std::string number = std::to_string(epoch + 1);
    CHECK(values_of_npy(directory / ("a-" + number + ".npy")) == expected);
    CHECK(decode(directory / ("a-" + number + ".png")).width == 256);
  }
  CHECK(contents(directory / "a-1.npy") != contents(directory / "a-2.npy"));
  CHECK_FALSE(fs::exists(directory / "a-4.npy"));
  CHECK_FALSE(fs::exists(directory / "a.npy"));
}

}  // namespace earshot::test
